using Ixy.Addresses;
using Ixy.Virtio;

namespace Ixy.Tests.Virtio;

/// <summary>A buffer as the device receives it: one descriptor, as our driver makes them.</summary>
internal readonly record struct OfferedBuffer(int Id, ulong Address, uint Length, bool IsWritable);

/// <summary>
/// The device's side of a virtqueue, played by hand according to the specification, without the driver's own types.
/// </summary>
internal abstract unsafe class HandPlayedRing : IDisposable
{
    private const uint NotifyOffset = 0x104;

    private protected HandPlayedRing(bool givesPointers) => Card = new MemoryDevice(givesPointers: givesPointers);

    internal MemoryDevice Card { get; }

    /// <summary>The driver's side.</summary>
    internal abstract Virtqueue Ring { get; }

    /// <summary>How often the driver rang the doorbell (if that takes a call).</summary>
    internal int Notifications => Card.Bar.Writes;

    private protected VirtioDoorbell Doorbell => new(Card.Bar, NotifyOffset);

    internal static HandPlayedRing Create(
        bool packed, int size = 64, bool eventIndex = false, bool givesPointers = true) =>
        packed ? new HandPlayedPackedRing(size, givesPointers)
        : new HandPlayedSplitRing(size, eventIndex, givesPointers);

    internal abstract VirtioReceiveQueue OpenReceiveQueue(VirtioQueueOptions options);

    internal abstract VirtioTransmitQueue OpenTransmitQueue(VirtioQueueOptions options);

    /// <summary>Takes the next available buffer; null if there is none.</summary>
    internal abstract OfferedBuffer? Take();

    internal List<OfferedBuffer> TakeAll()
    {
        var taken = new List<OfferedBuffer>();
        while (Take() is { } buffer) taken.Add(buffer);
        return taken;
    }

    /// <summary>Returns a buffer.</summary>
    internal abstract void Use(int id, uint length);

    /// <summary>Asks for no notifications.</summary>
    internal abstract void SuppressNotifications();

    /// <summary>
    /// Asks for a notification as soon as this many more buffers than <see cref="Take"/> has seen are available.
    /// </summary>
    internal abstract void WishNotification(int after);

    public void Dispose()
    {
        Ring.Dispose();
        Card.Dispose();
    }
}

/// <summary>A split ring (2.7).</summary>
internal sealed unsafe class HandPlayedSplitRing : HandPlayedRing
{
    private readonly SplitRing _ring;
    private ushort _available, _used;

    internal HandPlayedSplitRing(int size, bool eventIndex, bool givesPointers) : base(givesPointers) =>
        _ring = new SplitRing(Card, Doorbell, 4, size, eventIndex);

    internal override Virtqueue Ring => _ring;

    internal override VirtioReceiveQueue OpenReceiveQueue(VirtioQueueOptions options) =>
        new SplitReceiveQueue<VirtualAddresses>(Card, _ring, options);

    internal override VirtioTransmitQueue OpenTransmitQueue(VirtioQueueOptions options) =>
        new SplitTransmitQueue<VirtualAddresses>(Card, _ring, options);

    internal override OfferedBuffer? Take()
    {
        var available = (ushort*)_ring.DriverArea;
        if (available[1] == _available) return null;
        int id = available[2 + _available++ % _ring.Size];
        byte* descriptor = (byte*)_ring.DescriptorArea + 16 * id;
        ushort flags = *(ushort*)(descriptor + 12);
        Assert.Equal(0, flags & ~2); // one descriptor is a whole buffer
        return new(id, *(ulong*)descriptor, *(uint*)(descriptor + 8), flags == 2);
    }

    internal override void Use(int id, uint length)
    {
        byte* element = (byte*)_ring.DeviceArea + 4 + 8 * (_used % _ring.Size);
        *(int*)element = id;
        *(uint*)(element + 4) = length;
        ((ushort*)_ring.DeviceArea)[1] = ++_used;
    }

    internal override void SuppressNotifications() => *(ushort*)_ring.DeviceArea = 1;

    internal override void WishNotification(int after) =>
        *(ushort*)(_ring.DeviceArea + 4 + 8 * (ulong)_ring.Size) = (ushort)(_available + after - 1);
}

/// <summary>A packed ring (2.8).</summary>
internal sealed unsafe class HandPlayedPackedRing : HandPlayedRing
{
    private readonly PackedRing _ring;
    private int _available, _used;
    private bool _availableWrap = true, _usedWrap = true;

    internal HandPlayedPackedRing(int size, bool givesPointers) : base(givesPointers) =>
        _ring = new PackedRing(Card, Doorbell, 4, size, eventIndex: true);

    internal override Virtqueue Ring => _ring;

    internal override VirtioReceiveQueue OpenReceiveQueue(VirtioQueueOptions options) =>
        new PackedReceiveQueue<VirtualAddresses>(Card, _ring, options);

    internal override VirtioTransmitQueue OpenTransmitQueue(VirtioQueueOptions options) =>
        new PackedTransmitQueue<VirtualAddresses>(Card, _ring, options);

    internal override OfferedBuffer? Take()
    {
        byte* descriptor = (byte*)_ring.DescriptorArea + 16 * _available;
        ushort flags = *(ushort*)(descriptor + 14);
        bool available = (flags & 1 << 7) != 0, used = (flags & 1 << 15) != 0;
        if (available != _availableWrap || used == _availableWrap) return null;
        Assert.Equal(0, flags & 0x7F7D); // one descriptor is a whole buffer
        Advance(ref _available, ref _availableWrap);
        return new(*(ushort*)(descriptor + 12), *(ulong*)descriptor, *(uint*)(descriptor + 8), (flags & 2) != 0);
    }

    internal override void Use(int id, uint length)
    {
        byte* descriptor = (byte*)_ring.DescriptorArea + 16 * _used;
        *(uint*)(descriptor + 8) = length;
        *(ushort*)(descriptor + 12) = (ushort)id;
        *(ushort*)(descriptor + 14) = (ushort)(_usedWrap ? 1 << 7 | 1 << 15 : 0);
        Advance(ref _used, ref _usedWrap);
    }

    internal override void SuppressNotifications() => *(uint*)_ring.DeviceArea = 1 << 16;

    internal override void WishNotification(int after)
    {
        int place = _available + after - 1;
        bool wrap = _availableWrap ^ place >= _ring.Size;
        *(uint*)_ring.DeviceArea = 2 << 16 | (wrap ? 1u << 15 : 0) | (uint)(place % _ring.Size);
    }

    private void Advance(ref int place, ref bool wrap)
    {
        if (++place < _ring.Size) return;
        place = 0;
        wrap = !wrap;
    }
}
