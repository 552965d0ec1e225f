using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Simulation.Virtio;

/// <summary>Status and features of the device, and its state transitions (virtio 1.2: 2.1, 2.2, 3.1).</summary>
internal sealed class DeviceState(VirtioCard card)
{
    internal const uint Acknowledge = Status_.Acknowledge, Driver = Status_.Driver, DriverOk = Status_.DriverOk,
        FeaturesOk = Status_.FeaturesOk, NeedsReset = Status_.NeedsReset, Failed = 128;
    private const uint AllBits = Acknowledge | Driver | DriverOk | FeaturesOk | NeedsReset | Failed;

    // Features that this device requires if it offers them (6.1).
    private const VirtioFeatures Required = VirtioFeatures.Version1 | VirtioFeatures.AccessPlatform;

    // For a reset that takes a random time.
    private const long LongestReset = 5_000_000;

    private uint _status;
    private bool _resetUnread;
    private long? _resetEnd;

    /// <summary>Features that the device has.</summary>
    internal VirtioFeatures Offered { get; } = CardFeatures.Offered(card.Options);

    /// <summary>Features that the driver accepted.</summary>
    internal VirtioFeatures Features { get; set; }

    /// <summary>The driver is ready and nothing is broken: queues are processed.</summary>
    internal bool IsRunning { get; private set; }

    /// <summary>Features are negotiated: queues may be set up. A legacy device never knows.</summary>
    internal bool IsAgreed => card.Options.IsLegacy || Has(FeaturesOk);

    /// <summary>A bit of the status is set.</summary>
    internal bool Has(uint bit) => (_status & bit) != 0;

    /// <summary>The driver accepted a feature.</summary>
    internal bool HasFeature(VirtioFeatures feature) => (Features & feature) != 0;

    /// <summary>A reset was begun and is not over: until then the device continues, and shows its old status.</summary>
    internal bool IsResetting => _resetEnd is not null;

    /// <summary>Resets the device if a reset was begun and is due.</summary>
    internal void EndReset()
    {
        if (_resetEnd is not { } end || card.Now < end || card.Faults.Has(CardFault.ResetHangs)) return;
        card.ResetDevice();
        _resetUnread = true;
    }

    internal uint ReadStatus()
    {
        EndReset();
        if (!IsResetting && _status == 0) _resetUnread = false;
        return _status;
    }

    internal void WriteStatus(uint value)
    {
        if (value == 0)
        {
            // A status of 0 says at once that the reset is over: there is nothing else it could show. In the legacy
            // interface (0.9.5) a reset takes no time.
            _resetEnd = card.Now + (_status == 0 || card.Options.IsLegacy ? 0
                : card.Behaviour.Time(card.Options.ResetDuration, LongestReset));
            EndReset();
            return;
        }
        EndReset();
        if (IsResetting)
        {
            Report(VirtioRule.ResetNotAwaited, value);
            return;
        }
        if (_resetUnread && !card.Options.IsLegacy) Report(VirtioRule.ResetNotAwaited, value);
        _resetUnread = false;
        if ((value & ~AllBits) != 0) Report(VirtioRule.StatusUnknown, value);
        // A driver may or may not write NEEDS_RESET back: the bit is the device's.
        if ((_status & ~value & ~NeedsReset) != 0) Report(VirtioRule.StatusBitCleared, value);
        uint added = value & AllBits & ~NeedsReset & ~_status;
        if ((added & Driver) != 0 && (value & Acknowledge) == 0) Report(VirtioRule.StatusOrder, value);
        _status |= added & (Acknowledge | Driver | Failed);
        if ((added & FeaturesOk) != 0) AgreeOnFeatures(value);
        if ((added & DriverOk) != 0) Start(value);
        IsRunning &= !Has(Failed);
    }

    /// <summary>32 of the 64 feature bits accepted by the driver.</summary>
    internal void WriteFeatures(uint word, uint value)
    {
        if (Has(FeaturesOk) || Has(DriverOk))
        {
            card.Report(VirtioRule.FeaturesTooLate, "driver_feature", value);
            return;
        }
        if (word > 1)
        {
            if (value != 0) card.Report(VirtioRule.FeatureNotOffered, $"driver_feature {word}", value);
            return;
        }
        int shift = 32 * (int)word;
        Features = (VirtioFeatures)((ulong)Features & ~((ulong)uint.MaxValue << shift) | (ulong)value << shift);
        // A modern driver's choice is judged with FEATURES_OK.
        if (card.Options.IsLegacy && (Features & ~Offered) != 0)
        {
            card.Report(VirtioRule.FeatureNotOffered, "guest features", (ulong)(Features & ~Offered));
            Features &= Offered;
        }
    }

    /// <summary>
    /// Something went wrong that only a reset can fix: nothing moves any more, and the driver is notified (2.1.2).
    /// </summary>
    internal void NeedReset()
    {
        IsRunning = false;
        if (Has(NeedsReset)) return;
        _status |= NeedsReset;
        if (Has(DriverOk)) card.Interrupts.RaiseConfiguration();
    }

    /// <summary>A queue was notified.</summary>
    internal void Notified(DeviceVirtqueue queue)
    {
        // Drivers of the legacy interface used devices before DRIVER_OK (3.1.2).
        if (!Has(DriverOk) && !card.Options.IsLegacy && queue.IsEnabled)
            card.Report(VirtioRule.NotifyTooEarly, $"queue {queue.Index}", _status);
        bool isTransmit = queue.Index % 2 != 0;
        if (isTransmit && queue.Index / 2 >= card.Pairs)
            card.Report(VirtioRule.NotifyUnused, $"queue {queue.Index}", (ulong)card.Pairs);
        queue.Notify();
    }

    internal void Reset()
    {
        _status = 0;
        Features = 0;
        IsRunning = _resetUnread = false;
        _resetEnd = null;
    }

    // 3.1.1, steps 5 and 6: the bit stays clear if the device does not support the choice.
    private void AgreeOnFeatures(uint value)
    {
        if (card.Options.IsLegacy)
        {
            Report(VirtioRule.StatusUnknown, value);
            return;
        }
        if (!Has(Driver)) Report(VirtioRule.StatusOrder, value);
        var broken = (Features & ~Offered) != 0 ? VirtioRule.FeatureNotOffered
            : CardFeatures.LacksDependency(Features) ? VirtioRule.FeatureDependency
            : (Offered & Required & ~Features) != 0 ? VirtioRule.FeatureMissing
            : null;
        if (broken is not null)
        {
            card.Report(broken, "driver_feature", (ulong)Features);
            return;
        }
        _status |= FeaturesOk;
        foreach (var queue in card.Queues) queue.AcceptFeatures(Features);
    }

    private void Start(uint value)
    {
        if (!IsAgreed || !Has(Driver))
        {
            Report(VirtioRule.StatusOrder, value);
            return;
        }
        _status |= DriverOk;
        if (Has(NeedsReset)) return;
        card.Start();
        IsRunning = true;
    }

    private void Report(VirtioRule rule, uint value) => card.Report(rule, "device_status", value);
}
