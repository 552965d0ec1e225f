using System.Buffers.Binary;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Vm.Probe;

/// <summary>
/// A modern virtio-net function with one transmit queue set up by hand (virtio 1.2, sections 2.7, 3.1.1 and 4.1): the
/// device fetches a frame and fires the queue's MSI-X vector.
/// </summary>
internal static unsafe class VirtioProbe
{
    private const int CommonConfig = 1, NotifyConfig = 2;
    private const ushort TransmitQueue = 1, QueueVector = 1, Size = 8;
    private const uint DescriptorOffset = 0, AvailableOffset = 0x400, UsedOffset = 0x800, FrameOffset = 0x1000;

    internal static void Run(PciAddress address)
    {
        using var device = new VfioPciDevice(address);
        Fact.Print("device", $"{device.VendorId:x4}:{device.DeviceId:x4}");
        device.EnableBusMaster();
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(8192);
        var (common, start) = Find(device, CommonConfig, out _);
        using var vectors = device.EnableInterrupts(InterruptKind.Msix, 2);
        using var waiter = new InterruptWaiter(vectors[0], vectors[1]);
        Negotiate(common, start);
        ushort notify = SetUpQueue(common, start, memory.DeviceAddress(device));
        SetStatus(common, start, 0xF); // ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK
        Fact.Print("status", common.Read8(start + 0x14));
        Fact.Print("queue-quiet", Interrupts.WaitFor(waiter, 200));
        Offer(memory, memory.DeviceAddress(device));
        Notify(device, notify);
        Fact.Print("queue-vector", Interrupts.WaitFor(waiter));
        Fact.Print("used-index", *(ushort*)(memory.Address + UsedOffset + 2));
        device.Reset();
        Fact.Print("status-after-reset", common.Read8(start + 0x14));
    }

    // 4.1.4: vendor-specific capabilities say in which BAR a structure is, and where in it.
    private static (PciBar Bar, uint Start) Find(PciDevice device, int type, out uint multiplier)
    {
        int capability = device.FindCapabilities(0x09).First(offset => device.ReadConfig(offset + 3, 1) == type);
        multiplier = type == NotifyConfig ? device.ReadConfig(capability + 16, 4) : 0;
        return (device.OpenBar((int)device.ReadConfig(capability + 4, 1)), device.ReadConfig(capability + 8, 4));
    }

    private static void Negotiate(PciBar common, uint start)
    {
        const uint VersionOne = 1 << 0, AccessPlatform = 1 << 1; // bits 32 and 33
        SetStatus(common, start, 0);
        while (common.Read8(start + 0x14) != 0) Thread.Yield();
        SetStatus(common, start, 0x3);
        common.Write32(start + 0x00, 1);
        uint offered = common.Read32(start + 0x04);
        Fact.Print("offers-access-platform", (offered & AccessPlatform) != 0);
        for (uint word = 0; word < 2; word++)
        {
            common.Write32(start + 0x08, word);
            common.Write32(start + 0x0C, word == 1 ? VersionOne | AccessPlatform : 0);
        }
        SetStatus(common, start, 0xB);
        Fact.Print("features-ok", (common.Read8(start + 0x14) & 8) != 0);
    }

    private static ushort SetUpQueue(PciBar common, uint start, ulong memory)
    {
        common.Write16(start + 0x16, TransmitQueue);
        common.Write16(start + 0x18, Size);
        common.Write16(start + 0x1A, QueueVector);
        Fact.Print("vector-accepted", common.Read16(start + 0x1A));
        Write64(common, start + 0x20, memory + DescriptorOffset);
        Write64(common, start + 0x28, memory + AvailableOffset);
        Write64(common, start + 0x30, memory + UsedOffset);
        common.Write16(start + 0x1C, 1);
        return common.Read16(start + 0x1E);
    }

    // 2.7: a descriptor is address, length, flags, next; the available ring has flags, index, entries.
    private static void Offer(DmaMemory memory, ulong deviceAddress)
    {
        const int HeaderLength = 12, FrameLength = 60;
        var frame = new Span<byte>((void*)(memory.Address + FrameOffset + HeaderLength), FrameLength);
        frame[..6].Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x88B5); // for experiments
        byte* descriptor = (byte*)memory.Address + DescriptorOffset;
        *(ulong*)descriptor = deviceAddress + FrameOffset;
        *(uint*)(descriptor + 8) = HeaderLength + FrameLength;
        Volatile.Write(ref *(ushort*)(memory.Address + AvailableOffset + 2), 1);
    }

    private static void Notify(PciDevice device, ushort offset)
    {
        var (bar, start) = Find(device, NotifyConfig, out uint multiplier);
        bar.Write16(start + offset * multiplier, TransmitQueue);
    }

    private static void SetStatus(PciBar common, uint start, byte status) => common.Write8(start + 0x14, status);

    private static void Write64(PciBar bar, uint offset, ulong value)
    {
        bar.Write32(offset, (uint)value);
        bar.Write32(offset + 4, (uint)(value >> 32));
    }
}
