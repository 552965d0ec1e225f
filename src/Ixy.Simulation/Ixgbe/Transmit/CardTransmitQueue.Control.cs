using Ixy.Simulation.Recording;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

// Enabling, disabling, and the rules that software must follow (datasheet 4.6.8, 8.2.3.9).
internal sealed unsafe partial class CardTransmitQueue
{
    // TXDCTL (8.2.3.9.10)
    internal const int WriteBackShift = 16;
    private const uint ThresholdMask = 0x7F, SoftwareFlush = 1u << 26;

    private const uint LengthUnit = 128, LengthMask = 0xF_FF80, LongestRing = 128 * 1024;
    private const uint AllThresholds = ThresholdMask << TXDCTL_.PrefetchShift
        | ThresholdMask << TXDCTL_.HostShift | ThresholdMask << WriteBackShift;
    private ulong _rulesReported;
    private (uint Thresholds, uint HeadWriteBack, uint Attributes)? _checked;

    /// <summary>
    /// Applies a value of TXDCTL and shows it in the register: thresholds, ENABLE, and SWFLSH, which clears itself.
    /// </summary>
    internal void Apply(uint control)
    {
        bool enable = (control & TXDCTL_.Enable) != 0;
        if ((control & SoftwareFlush) != 0 && IsEnabled) Flush();
        if (enable) Enable(control);
        else if (IsEnabled && !_path.Card.Faults.Has(CardFault.QueueHangs)) Disable();
        _registers[TXDCTL, Index] = control & ~SoftwareFlush;
    }

    /// <summary>Setting DMATXCTL.TE enables queue 0, with its current settings (8.2.3.9.10).</summary>
    internal void EnableWithTransmit()
    {
        uint control = _registers[TXDCTL, Index] | TXDCTL_.Enable;
        if (_registers[TDLEN, Index] != 0) Apply(control);
        else (IsEnabled, _registers[TXDCTL, Index]) = (true, control);
    }

    /// <summary>State after a reset.</summary>
    internal void Reset()
    {
        IsEnabled = false;
        _path.Card.Recorder?.RingStopped(RingKind.Transmit, Index);
        (_ring, _headWriteBack, _count, _writeBackThreshold, _rulesReported, _checked) = (0, 0, 0, 0, 0, null);
        Restart();
    }

    // Software may change the registers that describe the ring only while the queue is off (4.6.8).
    private void Latch()
    {
        uint control = _registers[TXDCTL, Index], low = _registers[TDWBAL, Index];
        _ring = (ulong)_registers[TDBAH, Index] << 32
            | _registers[TDBAL, Index] & ~(_path.Card.Options.RingAlignment - 1);
        _count = (_registers[TDLEN, Index] & LengthMask) / (uint)sizeof(TransmitDescriptor);
        _headWriteBack = (low & TDWBAL_.Enable) == 0 ? 0
            : (ulong)_registers[TDWBAH, Index] << 32 | low & TDWBAL_.AddressMask;
        _writeBackThreshold = WritesHead ? 0 : control >> WriteBackShift & ThresholdMask;
        _reportsLate = _writeBackThreshold == 0 && !_path.Card.Behaviour.IsPlain;
        _reportsEach = !WritesHead && _writeBackThreshold == 0 && !_reportsLate;
        // If software shortened a ring in use, the card stays inside its current bounds.
        if (_head >= _count) (_head, _tail) = (0, 0);
        _unwritten = Math.Min(_unwritten, _count);
        _withheld = Math.Min(_withheld, _count);
    }

    /// <summary>
    /// Follows registers that software has changed although the queue is on, as long as the queue is idle.
    /// </summary>
    internal void LatchIfIdle()
    {
        if (_head == _tail) Latch();
    }

    private void Enable(uint control)
    {
        bool wasEnabled = IsEnabled;
        _registers[TXDCTL, Index] = control;
        if (!wasEnabled || _head == _tail) Latch();
        // Software that writes ENABLE again to a queue that is already on, because DMATXCTL.TE turns queue 0 on, does
        // not break a rule twice.
        var settings = (control & AllThresholds, _registers[TDWBAL, Index], _registers[DCA_TXCTRL, Index]);
        if (!wasEnabled || settings != _checked) CheckThresholds(control);
        _checked = settings;
        if (wasEnabled) return;
        IsEnabled = true;
        Restart();
        _path.Card.Recorder?.RingStarted(RingKind.Transmit, Index, _ring, _count, _head);
        CheckRing();
        Array.Clear(Contexts);
    }

    private void Disable()
    {
        if (_head != _tail) Report(TransmitRule.QueueNotEmpty, "TXDCTL", Distance(_head, _tail));
        IsEnabled = false;
        _path.Card.Recorder?.RingStopped(RingKind.Transmit, Index);
        (_unwritten, _withheld, _flushAt) = (0, 0, Never);
    }

    private void Restart()
    {
        _head = *_headRegister;
        if (_head >= _count) _head = 0;
        (_tail, _lastTail, _unwritten, _withheld, _sinceReport, _flushAt) = (_head, _head, 0, 0, 0, Never);
        (_newTail, _reported, _blocked, _rulesReported) = (false, false, false, 0);
    }

    private void CheckRing()
    {
        if (!_path.IsTransmitEnabled) Report(TransmitRule.QueueBeforeTransmit, "TXDCTL", _registers[TXDCTL, Index]);
        if (_path.IsOutsideMode(Index)) Report(TransmitRule.QueueOutsideMode, "TXDCTL", _registers[TXDCTL, Index]);
        if (_count == 0) Report(TransmitRule.RingNotSet, "TDLEN", _registers[TDLEN, Index]);
        uint tail = Volatile.Read(ref *_tailRegister);
        if (tail != _head) Report(TransmitRule.TailWhileDisabled, "TDT", tail);
    }

    private void CheckThresholds(uint control)
    {
        uint prefetch = control >> TXDCTL_.PrefetchShift & ThresholdMask;
        uint host = control >> TXDCTL_.HostShift & ThresholdMask;
        uint writeBack = control >> WriteBackShift & ThresholdMask;
        if (prefetch + writeBack > OnChipDescriptors) Report(TransmitRule.Thresholds, "TXDCTL", control);
        if (prefetch != 0 && host == 0) Report(TransmitRule.HostThreshold, "TXDCTL", control);
        if (!WritesHead) return;
        uint low = _registers[TDWBAL, Index], attributes = _registers[DCA_TXCTRL, Index];
        if (writeBack != 0) Report(TransmitRule.HeadWriteBackThreshold, "TXDCTL", control);
        if ((low & ~TDWBAL_.AddressMask & ~3u) != 0) Report(TransmitRule.HeadWriteBackUnaligned, "TDWBAL", low);
        if ((attributes & DCA_TXCTRL_.WriteBackRelaxedOrdering) != 0)
            Report(TransmitRule.HeadWriteBackOrder, "DCA_TXCTRL", attributes);
    }

    private void CheckTail(TransmitDescriptor* ring)
    {
        _newTail = false;
        var last = ring + Forward(_tail, _count - 1);
        if (!last->EndsPacket || last->IsContext) ReportOnce(TransmitRule.TailInsidePacket, last, ring);
    }

    /// <summary>A rule broken by the value of one of the queue's registers.</summary>
    internal void Report(TransmitRule rule, string register, ulong value) =>
        _path.Card.Violations.Add(rule.Name, $"{register}[{Index}]", value, rule.Section, rule.Explanation);

    /// <summary>
    /// A rule broken by a descriptor: reported the first time after the queue was enabled, because a driver breaks it
    /// with every packet or never.
    /// </summary>
    internal void ReportOnce(TransmitRule rule, TransmitDescriptor* descriptor, TransmitDescriptor* ring)
    {
        if ((_rulesReported & rule.Bit) != 0) return;
        _rulesReported |= rule.Bit;
        ulong value = (ulong)descriptor->Status << 32 | descriptor->Command;
        _path.Card.Violations.Add(rule.Name, $"transmit descriptor {descriptor - ring} of queue {Index}", value,
            rule.Section, rule.Explanation);
    }

    /// <inheritdoc cref="TransmitRule.RingLength"/>
    internal static bool IsBadLength(uint length) => length % LengthUnit != 0 || length > LongestRing;
}
