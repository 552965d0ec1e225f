using System.Numerics;
using System.Runtime.CompilerServices;
using Ixy.Simulation.Recording;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>
/// One queue of the card: the driver's settings for it, and whether the device is polling the ring. A device that
/// sleeps looks at the ring only after a notification; one that is awake has asked not to be notified.
/// </summary>
internal sealed unsafe class DeviceVirtqueue
{
    /// <summary>
    /// No vector (4.1.5.1.2.1); also the value of a doorbell that nobody has rung, because no queue has this index.
    /// </summary>
    internal const ushort None = 0xFFFF;

    // Polling in vain for this long costs less than a doorbell that must be rung again at once.
    private const long PatienceBeforeSleep = 10_000;

    private readonly VirtioCard _card;
    private readonly Ring _split, _packed;
    private readonly ushort* _doorbell;
    private bool _notified;
    private long _busyAt;

    /// <param name="card">The queue's card.</param>
    /// <param name="index">Its index.</param>
    /// <param name="doorbell">Where software stores the index to notify the device; null if it makes a call
    /// instead.</param>
    internal DeviceVirtqueue(VirtioCard card, int index, ushort* doorbell)
    {
        (_card, Index) = (card, index);
        _doorbell = doorbell;
        string name = $"queue {index}";
        (_split, _packed) = (new DeviceSplitRing(card, name), new DevicePackedRing(card, name));
        if (card.Recorder is { } recorder)
        {
            _split = new RecordedVirtqueue(card, index, name, _split, RingKind.Split, recorder);
            _packed = new RecordedVirtqueue(card, index, name, _packed, RingKind.Packed, recorder);
        }
        if (!card.Behaviour.IsPlain)
            (_split, _packed) = (new PerverseRing(card, name, _split), new PerverseRing(card, name, _packed));
        Ring = _split;
        Reset();
    }

    internal int Index { get; }

    internal uint Size { get; set; }

    internal ulong Descriptors { get; set; }

    internal ulong Driver { get; set; }

    internal ulong Device { get; set; }

    internal ushort Vector { get; set; }

    internal bool IsEnabled { get; private set; }

    /// <summary>The device is polling the ring.</summary>
    internal bool IsAwake { get; private set; }

    internal Ring Ring { get; private set; }

    /// <summary>Sets a size that the kind of ring can have (4.1.4.3.1): a power of two for a split one.</summary>
    internal void AcceptFeatures(VirtioFeatures features)
    {
        if ((features & VirtioFeatures.RingPacked) == 0) Size = 1u << BitOperations.Log2(Size);
    }

    /// <summary>Starts at the beginning of the ring that was set up.</summary>
    internal void Enable(VirtioFeatures features)
    {
        Ring = (features & VirtioFeatures.RingPacked) != 0 ? _packed : _split;
        Ring.Start(new(Size, Descriptors, Driver, Device, features));
        IsEnabled = true;
        IsAwake = false;
    }

    /// <summary>Stops it, as only the legacy interface can: its ring is forgotten.</summary>
    internal void Disable()
    {
        Descriptors = Driver = Device = 0;
        if (IsEnabled) _card.Recorder?.RingStopped(Ring == _packed ? RingKind.Packed : RingKind.Split, Index);
        IsEnabled = IsAwake = _notified = false;
    }

    /// <summary>As after power-on.</summary>
    internal void Reset()
    {
        Disable();
        Size = (uint)_card.Options.QueueSize;
        Vector = None;
        if (_doorbell is not null) *(uint*)_doorbell = uint.MaxValue;
    }

    /// <summary>A notification has not been handled yet.</summary>
    internal bool IsNotified => _notified;

    /// <summary>The driver notified the device by a call; a doorbell is checked when it is the queue's turn.</summary>
    internal void Notify()
    {
        if (!IsEnabled) _card.Report(VirtioRule.NotifyDisabled, $"queue {Index}", (ulong)Index);
        else _notified = true;
    }

    /// <summary>Takes a notification, if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LookAtDoorbell()
    {
        if (_doorbell is not null && Volatile.Read(ref *(uint*)_doorbell) != uint.MaxValue) TakeDoorbell();
    }

    /// <summary>Begins a turn with this queue: false if it sleeps, or its ring cannot be accessed.</summary>
    internal bool BeginTurn(long now)
    {
        bool isToldOf = _notified && !_card.Behaviour.Overlooks();
        if (!IsEnabled || (!IsAwake && !isToldOf) || !Ring.BeginTurn()) return false;
        if (!isToldOf) return true;
        _notified = false;
        _busyAt = now;
        if (!IsAwake) Ring.SuppressNotifications();
        IsAwake = true;
        return true;
    }

    /// <summary>Publishes what was used in this turn, and interrupts the driver if it wants that.</summary>
    internal void EndTurn()
    {
        if (_card.Faults.Any) LieAboutOne();
        if (Ring.Publish()) _card.Interrupts.RaiseQueue(Vector);
    }

    /// <summary>Publishes some of what earlier turns have used and withheld.</summary>
    internal void ShowWithheld()
    {
        if (IsEnabled && Ring.HasWithheld && Ring.BeginTurn()) EndTurn();
    }

    /// <summary>There was something to do.</summary>
    internal void StayAwake(long now) => _busyAt = now;

    /// <summary>
    /// There was nothing to do: after a while the device asks to be notified, looks once more, and sleeps. The ring
    /// must be accessible.
    /// </summary>
    internal void GrowTired(long now)
    {
        long patience = _card.Behaviour.Time(PatienceBeforeSleep, 2 * PatienceBeforeSleep);
        if (now - _busyAt < patience || !_card.Control.IsRunning) return;
        IsAwake = Ring.EnableNotifications();
        if (!IsAwake) return;
        Ring.SuppressNotifications();
        _busyAt = now;
    }

    // Among the queues that move packets; the control queue is the last.
    private void LieAboutOne()
    {
        if (Index == _card.Queues.Count - 1 && Index % 2 == 0 || !Ring.HasUsed) return;
        if (Index % 2 == 0 && _card.Faults.Strikes(CardFault.BadLength)) Ring.LieAboutLength();
        if (_card.Faults.Strikes(CardFault.BadId)) Ring.LieAboutId();
    }

    // An exchange, so that no doorbell is lost between the check and the reset; it also orders accesses to the ring
    // after it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TakeDoorbell()
    {
        uint value = Interlocked.Exchange(ref *(uint*)_doorbell, uint.MaxValue);
        if (value != (0xFFFF_0000u | (uint)Index)) _card.Report(VirtioRule.NotifyValue, $"doorbell {Index}", value);
        _card.Control.Notified(this);
    }
}
