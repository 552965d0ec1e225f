using System.Numerics;
using Ixy.Hosting.Pci;
using Ixy.Simulation.Ixgbe.Clocks;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Interrupts;

/// <summary>
/// EICR, EICS, EIMS, EIMC, EIAC, EIAM, IVAR and EITR, and how they become MSI-X, MSI or INTx (datasheet 7.3, 8.2.3.5).
/// Queue causes are 64 bits, one per vector, of which EICR shows the lowest 16; the other causes are EICR bits 16 to
/// 30. A vector is active while one of its causes is set and enabled, and interrupts when it becomes active.
/// </summary>
internal sealed partial class InterruptController
{
    private readonly IxgbeCard _card;
    private readonly PciInterrupts _pci;
    private readonly InterruptAllocation _allocation;
    private readonly InterruptModeration _moderation;
    private readonly TcpTimer _timer;

    // EICR, EIMS and EIAM, in these two parts.
    private ulong _queueCauses, _queueMask, _queueAutoMask;
    private uint _otherCauses, _otherMask, _otherAutoMask;

    // Vectors whose activity has been signalled, that wait for EITR, and that wait to be unmasked in the MSI-X table.
    private ulong _signalled, _throttled, _pending;
    private InterruptMode _mode;

    // Vectors that have become active and wait for their message to be sent, and for how long.
    private readonly long[] _readyAt = new long[64];
    private ulong _drawn;

    internal InterruptController(IxgbeCard card)
    {
        _card = card;
        _pci = card.Pci.Interrupts;
        _pci.Changed = Evaluate;
        _allocation = new InterruptAllocation(card);
        _moderation = new InterruptModeration(card);
        _timer = new TcpTimer(card);
        AttachRegisters();
        _allocation.DecodeAll();
    }

    /// <summary>Packets were written back on a receive queue (0 to 127): sets its cause in IVAR.</summary>
    internal void RaiseReceive(int queue) => Raise(_allocation.Receive(queue));

    /// <summary>Descriptors were written back on a transmit queue (0 to 127): sets its cause in IVAR.</summary>
    internal void RaiseTransmit(int queue) => Raise(_allocation.Transmit(queue));

    /// <summary>
    /// The latest time at which descriptors that a transmit queue gathers from now on are written back: when the
    /// counter of its vector reaches zero (7.2.3.5.1). Never, if the queue has no vector.
    /// </summary>
    internal long TransmitTimer(int queue)
    {
        ulong cause = _allocation.Transmit(queue);
        if (cause == 0) return long.MaxValue;
        return _moderation.ExpiresAt(_allocation.IsMultiple ? BitOperations.TrailingZeroCount(cause) : 0, _card.Now);
    }

    /// <summary>
    /// Like <see cref="RaiseReceive"/>, for a packet that must not wait for EITR: a low-latency filter matched, or free
    /// descriptors ran low (7.3.2.2, 7.3.2.3).
    /// </summary>
    internal void RaiseReceiveUrgently(int queue)
    {
        ulong cause = _allocation.Receive(queue);
        PassUrgent(cause);
        Raise(cause);
        Evaluate();
    }

    /// <summary>Sets cause bits of EICR other than the queues' (link change, mailbox, ECC, …).</summary>
    internal void RaiseCause(uint causes)
    {
        _otherCauses |= causes & (EICR_.Other | EICR_.TcpTimer);
        if ((causes & _otherMask) != 0) Evaluate();
    }

    /// <summary>Advances the TCP timer, and sends what EITR has held back until now.</summary>
    internal void Poll(long now)
    {
        _timer.Poll(now);
        for (ulong waiting = _throttled; waiting != 0; waiting &= waiting - 1)
        {
            if (MustWait(BitOperations.TrailingZeroCount(waiting))) continue;
            Evaluate();
            return;
        }
    }

    /// <summary>No causes, all masked. The register file has already been reset.</summary>
    internal void Reset()
    {
        (_queueCauses, _queueMask, _queueAutoMask) = (0, 0, 0);
        (_otherCauses, _otherMask, _otherAutoMask) = (0, 0, 0);
        _moderation.Reset();
        _timer.Reset();
        _allocation.DecodeAll();
        Evaluate();
    }

    // On the data path: usually there is no vector, or its cause is already set, or it is masked.
    private void Raise(ulong cause)
    {
        if ((cause & ~_queueCauses) == 0) return;
        _queueCauses |= cause;
        if ((cause & _queueMask) != 0) Evaluate();
    }

    // Vectors with a cause that is set and enabled (7.3.4).
    private ulong Active()
    {
        ulong queues = _queueCauses & _queueMask;
        uint others = _otherCauses & _otherMask;
        if (!_allocation.IsMultiple) return queues != 0 || others != 0 ? 1ul : 0;
        return queues | ((others & EICR_.TcpTimer) != 0 ? _allocation.Timer : 0)
            | ((others & EICR_.Other) != 0 ? _allocation.Other : 0);
    }

    // After any change of causes, masks or time: interrupts for vectors that have become active and may interrupt now.
    private void Evaluate()
    {
        ulong active = Active();
        FollowMode();
        Forget(~active);
        if (_mode == InterruptMode.Line)
        {
            EvaluateLine(active);
            return;
        }
        _throttled = 0;
        for (ulong fresh = active & ~_signalled; fresh != 0; fresh &= fresh - 1)
        {
            int vector = BitOperations.TrailingZeroCount(fresh);
            if (MustWait(vector)) _throttled |= 1ul << vector;
            else Signal(vector);
        }
        Forget(~Active());
    }

    // Vectors signalled by one kind of interrupt have not been signalled by another.
    private void FollowMode()
    {
        if (_pci.Mode == _mode) return;
        _mode = _pci.Mode;
        Forget(ulong.MaxValue);
    }

    private void Signal(int vector)
    {
        ulong bit = 1ul << vector;
        if (!_pci.TrySend(vector))
        {
            _pending |= bit;
            return;
        }
        _pending &= ~bit;
        _signalled |= bit;
        _drawn &= ~bit;
        _moderation.Start(vector, _card.Now);
        ClearAfterMessage(bit);
        MaskAfterMessage(bit);
    }

    // INTx follows the causes: asserted, after EITR 0, until software has cleared or masked them all.
    private void EvaluateLine(ulong active)
    {
        if (active == 0)
        {
            _pci.SetLine(false);
            (_signalled, _throttled) = (0, 0);
        }
        else if (_signalled == 0)
        {
            _throttled = MustWait(0) ? 1u : 0;
            if (_throttled != 0) return;
            _signalled = 1;
            _moderation.Start(0, _card.Now);
            _pci.SetLine(true);
        }
    }

    // A vector whose causes are gone: its next cause interrupts anew, and a message that was waiting is no longer sent.
    private void Forget(ulong vectors)
    {
        for (ulong gone = _pending & vectors; gone != 0; gone &= gone - 1)
            _pci.Withdraw(BitOperations.TrailingZeroCount(gone));
        _pending &= ~vectors;
        _signalled &= ~vectors;
        _drawn &= ~vectors;
    }

    // Because of its moderation, or because the card takes its time: the datasheet does not say how long a message
    // takes.
    private bool MustWait(int vector)
    {
        const long longest = 40_000;
        ulong bit = 1ul << vector;
        if ((_drawn & bit) == 0)
        {
            _drawn |= bit;
            _readyAt[vector] = _card.Now + _card.Behaviour.Time(0, longest);
        }
        return _card.Now < Math.Max(_readyAt[vector], _moderation.ReadyAt(vector));
    }

    // EIAC: the message has told software the cause. Vectors from 16 up always clear theirs (7.3.1.4).
    private void ClearAfterMessage(ulong vector)
    {
        if (_mode != InterruptMode.Msix) return;
        uint autoClear = _card.Registers[EIAC];
        ulong queues = _allocation.IsMultiple ? vector : ~0ul;
        _queueCauses &= ~(queues & (~(ulong)EICR_.Queues | autoClear & EICR_.Queues));
        if ((_allocation.Timer & vector) != 0) _otherCauses &= ~(autoClear & EICR_.TcpTimer);
    }

    // GPIE.EIAME: this vector does not interrupt again until software has looked. With MSI, any bit of EIAM masks all
    // causes (8.2.3.5.18).
    private void MaskAfterMessage(ulong vector)
    {
        if ((_card.Registers[GPIE] & GPIE_.AutoMask) == 0) return;
        if (_mode == InterruptMode.Msi)
        {
            if (_queueAutoMask == 0 && _otherAutoMask == 0) return;
            (_queueMask, _otherMask) = (0, 0);
            return;
        }
        _queueMask &= ~(_queueAutoMask & (_allocation.IsMultiple ? vector : ~0ul));
        if ((_allocation.Timer & vector) != 0) _otherMask &= ~(_otherAutoMask & EICR_.TcpTimer);
        if ((_allocation.Other & vector) != 0) _otherMask &= ~(_otherAutoMask & EICR_.Other);
    }

    private void PassUrgent(ulong causes)
    {
        ulong vectors = _allocation.IsMultiple ? causes : causes != 0 ? 1ul : 0;
        for (; vectors != 0; vectors &= vectors - 1)
            _moderation.PassUrgent(BitOperations.TrailingZeroCount(vectors), _card.Now);
    }
}
