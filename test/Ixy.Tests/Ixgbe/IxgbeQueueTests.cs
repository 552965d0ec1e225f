using Ixy.Addresses;
using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Vfio.Dma;
using static Ixy.Ixgbe.IxgbeRegisters;
using ReceiveRing = Ixy.Ixgbe.IxgbeReceiveQueue<Ixy.Addresses.VirtualAddresses, Ixy.Ixgbe.NoOffloads>;
using TransmitRing = Ixy.Ixgbe.IxgbeTransmitQueue<Ixy.Addresses.VirtualAddresses>;

namespace Ixy.Tests.Ixgbe;

/// <summary>
/// The rings with a card played by hand: descriptors as the datasheet defines them, and some that no card should write.
/// </summary>
public sealed unsafe class IxgbeQueueTests
{
    private const ulong Done = 1, EndOfPacket = 2, ReceiveError = 1u << 29;
    private static readonly NetworkDeviceOptions s_options =
        new() { RingSize = 64, PoolSize = 128, CheckedPools = true };

    [Fact]
    public void EveryDescriptorHasABuffer()
    {
        using var device = new MemoryDevice();
        using var queue = new ReceiveRing(device, device.Bar, 3, s_options);
        var ring = Descriptors(device, RDBAL[3]);
        Assert.Equal(0u, (ulong)ring % 128); // 8.2.3.8.1
        Assert.Equal(64 * 16u, device.Bar.Read32(RDLEN[3])); // a multiple of 128 (8.2.3.8.3)
        Assert.Equal(64, Enumerable.Range(0, 64).Select(i => ring[2 * i]).Distinct().Count());
        Assert.All(Enumerable.Range(0, 64), i => Assert.Equal(0u, ring[2 * i + 1]));
    }

    // 7.1.6.2: packet type and RSS hash in the first word; status, errors, length and VLAN tag in the second.
    [Fact]
    public void AWrittenBackDescriptorBecomesAPacket()
    {
        using var device = new MemoryDevice();
        using var queue = new ReceiveRing(device, device.Bar, 0, s_options);
        var ring = Descriptors(device, RDBAL[0]);
        ulong buffer = ring[0];
        ((byte*)buffer)[59] = 0x77;
        ring[0] = 0xCAFE_F00D_0000_0011;
        ring[1] = Done | EndOfPacket | 60ul << 32 | 0x0123ul << 48;

        var packets = new Packet[8];
        Assert.Equal(1, queue.Receive(packets));

        Assert.Equal(60, packets[0].Length);
        Assert.Equal(0xCAFE_F00Du, packets[0].RssHash);
        Assert.Equal(0x77, packets[0].Data[59]);
        Assert.Equal(buffer, packets[0].Buffer & Packet.AddressMask);
        Assert.NotEqual(buffer, ring[0]); // a fresh buffer, and DD gone
        Assert.Equal(0u, ring[1]);
        packets[0].Free();
    }

    [Theory]
    [InlineData(Done | EndOfPacket | 0ul << 32)] // a frame cannot be empty
    [InlineData(Done | EndOfPacket | 2049ul << 32)] // more than the buffer holds
    [InlineData(Done | EndOfPacket | 0xFFFFul << 32)]
    [InlineData(Done | EndOfPacket | ReceiveError | 60ul << 32)]
    public void ADescriptorThatLiesIsDroppedAndCountedAndItsBufferReused(ulong lie)
    {
        using var device = new MemoryDevice();
        using var queue = new ReceiveRing(device, device.Bar, 0, s_options);
        var ring = Descriptors(device, RDBAL[0]);
        ulong buffer = ring[0];
        int available = queue.Pool.Available;
        ring[1] = lie;
        ring[3] = Done | EndOfPacket | 64ul << 32;

        var packets = new Packet[8];
        Assert.Equal(1, queue.Receive(packets));

        Assert.Equal(64, packets[0].Length);
        Assert.Equal((1, 1), (queue.Dropped, queue.Packets));
        Assert.Equal((buffer, 0ul), (ring[0], ring[1]));
        Assert.Equal(available - 1, queue.Pool.Available);
        packets[0].Free();
    }

    [Fact]
    public void ACardThatNeverStopsDoesNotHoldTheCaller()
    {
        using var device = new MemoryDevice();
        using var queue = new ReceiveRing(device, device.Bar, 0, s_options);
        var ring = Descriptors(device, RDBAL[0]);
        var hoard = new Packet[64];
        Assert.Equal(64, queue.Pool.Allocate(hoard));
        for (int i = 0; i < 64; i++) ring[2 * i + 1] = Done | EndOfPacket | 60ul << 32;
        Assert.Equal(0, queue.Receive(new Packet[1]));
        Assert.Equal(64, queue.Dropped);
        PacketPool.Free(hoard);
    }

    [Fact]
    public void TheTailFollowsInStepsAndNeverReachesTheHead()
    {
        using var device = new MemoryDevice();
        using var queue = new ReceiveRing(device, device.Bar, 0, s_options);
        device.Bar.Write32(RDT[0], 63);
        var ring = Descriptors(device, RDBAL[0]);
        var packets = new Packet[1];
        uint head = 0;
        for (int i = 0; i < 1000; i++)
        {
            Assert.NotEqual(head, device.Bar.Read32(RDT[0])); // else the card has no descriptors left
            ring[2 * head + 1] = Done | EndOfPacket | 60ul << 32;
            head = (head + 1) % 64;
            Assert.Equal(1, queue.Receive(packets));
            packets[0].Free();
            uint owned = (device.Bar.Read32(RDT[0]) - head) % 64;
            Assert.InRange(owned, 59u, 63u);
        }
    }

    // 7.2.3.2.4: every descriptor has the length, DTYP 3, DEXT, EOP and IFCS; PAYLEN repeats the frame's length.
    [Fact]
    public void APacketBecomesOneAdvancedDataDescriptor()
    {
        using var device = new MemoryDevice();
        using var queue = new TransmitRing(device, device.Bar, 5, s_options);
        using var pool = new PacketPool(new() { Count = 64 });
        var packets = Allocate(pool, 17);
        Assert.Equal(17, queue.Transmit(packets));
        var ring = Descriptors(device, TDBAL[5]);
        for (int i = 0; i < 17; i++)
        {
            Assert.Equal(packets[i].Buffer & Packet.AddressMask, ring[2 * i]);
            // RS only at the end of a group: 16 descriptors in a ring of 64.
            ulong reportStatus = i == 15 ? 1ul << 27 : 0;
            Assert.Equal(
                60ul | 3ul << 20 | 1ul << 24 | 1ul << 25 | 1ul << 29 | reportStatus | 60ul << 46, ring[2 * i + 1]);
        }
        Assert.Equal(17u, device.Bar.Read32(TDT[5]));
    }

    [Fact]
    public void BuffersComeBackByGroupsWhenTheCardReports()
    {
        using var device = new MemoryDevice();
        using var queue = new TransmitRing(device, device.Bar, 0, s_options);
        using var pool = new PacketPool(new() { Count = 200 });
        var ring = Descriptors(device, TDBAL[0]);
        int given = 0;
        for (uint head = 0; given < 1000;)
        {
            int sent = queue.Transmit(Allocate(pool, 7));
            given += sent;
            Assert.Equal(7, sent);
            Assert.Equal(200 - queue.Pending, pool.Available);
            // The card sends everything, and reports where asked to.
            for (; head != device.Bar.Read32(TDT[0]); head = (head + 1) % 64)
            {
                if ((ring[2 * head + 1] & 1ul << 27) != 0) ring[2 * head + 1] |= 1ul << 32;
            }
        }
    }

    [Fact]
    public void DisposeReturnsWhatWasNeverSent()
    {
        using var pool = new PacketPool(new() { Count = 64, Checked = true });
        using var device = new MemoryDevice();
        var queue = new TransmitRing(device, device.Bar, 0, s_options);
        Assert.Equal(63, queue.Transmit(Allocate(pool, 64).AsSpan(0, 63)));
        queue.Dispose();
        Assert.Equal(63, pool.Available);
        var rest = new Packet[64];
        Assert.Equal(63, pool.Allocate(rest));
        PacketPool.Free(rest.AsSpan(0, 63));
        Assert.Throws<PacketMisuseException>(pool.Dispose);
    }

    [Fact]
    public void WithoutAPointerTheDoorbellIsACall()
    {
        using var device = new MemoryDevice(givesPointers: false);
        using var queue = new TransmitRing(device, device.Bar, 0, s_options);
        using var pool = new PacketPool(new() { Count = 64 });
        int before = device.Bar.Writes;
        queue.Transmit(Allocate(pool, 3));
        Assert.Equal((before + 1, 3u), (device.Bar.Writes, device.Bar.Read32(TDT[0])));
    }

    // Design D2: without an IOMMU descriptors hold physical addresses. Only root knows them, and only for huge pages.
    [SkippableFact]
    public void WithoutAnIommuDescriptorsHoldPhysicalAddresses()
    {
        using var device = new MemoryDevice(deviceAddressIsVirtual: false);
        try
        {
            DmaArena.Attach(device);
            using var queue = new IxgbeReceiveQueue<PhysicalAddresses, NoOffloads>(device, device.Bar, 0, s_options);
            var packets = new Packet[1];
            using var pool = new PacketPool(new() { Count = 64 });
            using var transmit = new IxgbeTransmitQueue<PhysicalAddresses>(device, device.Bar, 0, s_options);
            packets[0] = Allocate(pool, 1)[0];
            ulong address = packets[0].Buffer & Packet.AddressMask;
            transmit.Transmit(packets);
            using var pages = PageMap.Open();
            Assert.Equal(PageMap.PhysicalAddress(pages, (nuint)address), PhysicalAddresses.Of(packets[0].Buffer));
            Assert.Equal(
                PageMap.PhysicalAddress(pages, (nuint)(address + 2047)),
                PhysicalAddresses.Of(packets[0].Buffer) + 2047);
        }
        catch (HugePagesRequiredException missing)
        {
            throw new SkipException(missing.Message);
        }
        catch (PrivilegeException missing)
        {
            throw new SkipException(missing.Message);
        }
    }

    // The ring at the address the queue gave to the card: two words per descriptor.
    private static ulong* Descriptors(MemoryDevice device, uint register) =>
        (ulong*)(device.Bar.Read32(register) | (ulong)device.Bar.Read32(register + 4) << 32);

    private static Packet[] Allocate(PacketPool pool, int count)
    {
        var packets = new Packet[count];
        Assert.Equal(count, pool.Allocate(packets));
        foreach (ref var packet in packets.AsSpan()) packet.Length = 60;
        return packets;
    }
}
