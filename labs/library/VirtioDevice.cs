using Ixy.Vfio;

namespace Ixy.Labs;

/// <summary>
/// A virtio-net device after the negotiation (virtio 1.2, 3.1.1, steps 1 to 6): it waits for its queues. VERSION_1 and
/// ACCESS_PLATFORM are the only accepted features, so rings are split rings, and each frame has a header of 12 bytes in
/// front. Given for exercise 8.
/// </summary>
public sealed class VirtioDevice
{
    private const byte VendorSpecific = 0x09;
    private const int CommonType = 1, NotifyType = 2;
    private const uint FeatureSelect = 8, Feature = 12, Status = 20, QueueSelect = 22, Size = 24, Enable = 28;
    private const uint NotifyOffset = 30, Descriptors = 32, Available = 40, Used = 48;
    private const byte Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8;

    private readonly PciBar _common, _notify;
    private readonly uint _commonAt, _notifyAt, _multiplier;
    private readonly Dictionary<int, uint> _doorbells = [];
    private readonly Dictionary<int, VirtioQueue> _queues = [];

    internal VirtioDevice(PciDevice card)
    {
        Card = card;
        card.EnableBusMaster();
        foreach (int capability in card.FindCapabilities(VendorSpecific))
        {
            int type = (int)card.ReadConfig(capability + 3, 1), bar = (int)card.ReadConfig(capability + 4, 1);
            uint offset = card.ReadConfig(capability + 8, 4);
            if (type == CommonType) (_common, _commonAt) = (card.OpenBar(bar), offset);
            if (type != NotifyType) continue;
            (_notify, _notifyAt) = (card.OpenBar(bar), offset);
            _multiplier = card.ReadConfig(capability + 16, 4);
        }
        if (_common is null || _notify is null) throw new InvalidOperationException("not a modern virtio device");
        SetStatus(0);
        card.WaitUntil(() => _common.Read8(_commonAt + Status) == 0, TimeSpan.FromMilliseconds(100));
        SetStatus(Acknowledge);
        SetStatus(Acknowledge | Driver);
        // VERSION_1 is bit 32, ACCESS_PLATFORM bit 33.
        Write32(FeatureSelect, 0);
        Write32(Feature, 0);
        Write32(FeatureSelect, 1);
        Write32(Feature, 3);
        SetStatus(Acknowledge | Driver | FeaturesOk);
    }

    /// <summary>The PCI function: for <see cref="Vfio.Dma.DmaMemory.DeviceAddress"/>.</summary>
    public PciDevice Card { get; }

    /// <summary>Called before a doorbell is written, with the queue.</summary>
    internal Action<int>? Notifying { get; set; }

    /// <summary>The device may look at its queues.</summary>
    internal bool IsLive { get; private set; }

    /// <summary>What <see cref="SetQueue"/> was told; null if it was not called.</summary>
    internal VirtioQueue? QueueOf(int queue) => _queues.GetValueOrDefault(queue);

    /// <summary>
    /// Tells the device where the three areas of a queue are, and enables the queue (4.1.4.3, 4.1.5.1.3).
    /// </summary>
    /// <param name="queue">0 receives, 1 transmits.</param>
    /// <param name="size">Number of descriptors: a power of two up to 256.</param>
    /// <param name="descriptors">Address of the descriptor table, a multiple of 16.</param>
    /// <param name="available">Address of the available ring, a multiple of 2.</param>
    /// <param name="used">Address of the used ring, a multiple of 4.</param>
    public void SetQueue(int queue, int size, ulong descriptors, ulong available, ulong used)
    {
        _queues[queue] = new(size, descriptors, available, used);
        Select(queue);
        _common.Write16(_commonAt + Size, (ushort)size);
        Write64(Descriptors, descriptors);
        Write64(Available, available);
        Write64(Used, used);
        _common.Write16(_commonAt + Enable, 1);
        _doorbells[queue] = _notifyAt + _common.Read16(_commonAt + NotifyOffset) * _multiplier;
    }

    /// <summary>The device may go (DRIVER_OK, 3.1.1 step 8): after both queues are set.</summary>
    public void Go()
    {
        SetStatus(Acknowledge | Driver | FeaturesOk | DriverOk);
        IsLive = true;
    }

    /// <summary>The doorbell: there are new buffers in the available ring of a queue (4.1.5.2).</summary>
    public void Notify(int queue)
    {
        if (!_doorbells.TryGetValue(queue, out uint doorbell))
            throw new InvalidOperationException($"queue {queue} was notified before it was set");
        Notifying?.Invoke(queue);
        _notify.Write16(doorbell, (ushort)queue);
    }

    private void Select(int queue) => _common.Write16(_commonAt + QueueSelect, (ushort)queue);

    private void SetStatus(byte status) => _common.Write8(_commonAt + Status, status);

    private void Write32(uint register, uint value) => _common.Write32(_commonAt + register, value);

    private void Write64(uint register, ulong value)
    {
        Write32(register, (uint)value);
        Write32(register + 4, (uint)(value >> 32));
    }
}

/// <summary>A queue as the driver has set it.</summary>
internal sealed record VirtioQueue(int Size, ulong Descriptors, ulong Available, ulong Used);
