using System.Text;
using System.Text.Json;
using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>What the client sends, byte by byte, and what it makes of valid replies.</summary>
public sealed unsafe class ClientCommandTests : IDisposable
{
    private readonly ClientBench _bench = new();

    [Fact] // "VFIO_USER_VERSION": two numbers, then JSON terminated by a NUL.
    public void TheFirstCommandProposesAVersion()
    {
        using var device = _bench.Open();
        var asked = _bench.Server.Next();
        Assert.Equal((1, 0u), ((int)asked!.Command, asked.Flags));
        Assert.Equal([0, 0, 1, 0], asked.Payload[..4]);
        Assert.Equal(0, asked.Payload[^1]);
        var capabilities = JsonDocument.Parse(asked.Payload.AsMemory()[4..^1]).RootElement.GetProperty("capabilities");
        Assert.InRange(capabilities.GetProperty("max_msg_fds").GetInt32(), 1, 253);
        Assert.Equal(1 << 20, capabilities.GetProperty("max_data_xfer_size").GetInt32());
        Assert.False(capabilities.TryGetProperty("twin_socket", out _));
        // docs/vfio-user.md: this allows more pages to be shared. MappedAreasAreForDoorbellsOnly keeps the promise.
        Assert.True(capabilities.GetProperty("ixy_doorbells_only").GetBoolean());
    }

    [Theory]
    [InlineData(1, 0, """{"capabilities":{}}""")]
    [InlineData(0, 2, """{"capabilities":{}}""")]
    [InlineData(0, 1, """{"capabilities":""")]
    [InlineData(0, 1, """{"capabilities":{"max_msg_fds":-1}}""")]
    [InlineData(0, 1, """{"capabilities":{"max_msg_fds":"8"}}""")]
    [InlineData(0, 1, """{"capabilities":{"max_dma_maps":1e99}}""")]
    [InlineData(0, 1, """{"capabilities":{"pgsizes":0}}""")]
    [InlineData(0, 1, """{"capabilities":[]}""")]
    [InlineData(0, 1, """{"capabilities":{"twin_socket":{"supported":true,"fd_index":0}}}""")]
    public void AnotherVersionOrNone(int major, int minor, string json)
    {
        _bench.Device.On(HandDevice.Version, asked =>
            Answer.To(asked, [(byte)major, 0, (byte)minor, 0, .. Encoding.UTF8.GetBytes(json), 0]));
        Assert.Throws<VfioUserProtocolException>(_bench.Open);
    }

    [Fact]
    public void AVersionWithoutCapabilitiesIsOneWithTheUsualOnes()
    {
        _bench.Device.On(HandDevice.Version, asked => Answer.To(asked, [0, 0, 0, 0]));
        using var device = _bench.Open();
        Assert.Equal(0x8086, device.VendorId);
    }

    [Fact] // "VFIO_USER_DMA_MAP": 32 bytes, and the memory file's descriptor.
    public void AChunkIsSharedByItsDescriptor()
    {
        nint seen = 0;
        nuint size = 0;
        _bench.Device.On(HandDevice.DmaMap, asked =>
        {
            // The test's own chunk is the last one.
            if (seen != 0) _ = Libc.munmap(seen, size);
            size = (nuint)asked.Long(24);
            seen = Libc.mmap(
                0, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, Assert.Single(asked.Descriptors),
                (long)asked.Long(8));
            return null;
        });
        using var device = _bench.Open();
        DmaArena.Attach(device);
        var memory = DmaMemory.Allocate(DmaArena.FrameLength);
        var map = _bench.Server.Next(HandDevice.DmaMap);
        while (map.Long(16) != memory.Address) map = _bench.Server.Next(HandDevice.DmaMap);
        Assert.Equal((32u, 3u, 0ul), (map.Word(0), map.Word(4), map.Long(8)));
        Assert.Equal((memory.Address, memory.Length), ((nuint)map.Long(16), (nuint)map.Long(24)));
        *(uint*)memory.Address = 0x1234_5678;
        Assert.Equal(0x1234_5678u, *(uint*)seen);
        _ = Libc.munmap(seen, memory.Length);
        var (address, length) = (memory.Address, memory.Length);
        memory.Dispose();
        var unmap = _bench.Server.Next(HandDevice.DmaUnmap);
        Assert.Equal(24, unmap.Payload.Length);
        Assert.Equal(
            (24u, 0u, (ulong)address, (ulong)length), (unmap.Word(0), unmap.Word(4), unmap.Long(8), unmap.Long(16)));
    }

    [Fact]
    public void AServerThatTakesNoDescriptorsGetsNone()
    {
        _bench.Device.Capabilities = """{"max_msg_fds":0}""";
        using var device = _bench.Open();
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(DmaArena.FrameLength);
        Assert.Empty(_bench.Server.Next(HandDevice.DmaMap).Descriptors);
        Assert.Throws<InterruptsNotSupportedException>(() => device.EnableInterrupts(InterruptKind.Msix));
    }

    [Fact]
    public void AServerMayTakePagesOfAnySize()
    {
        using var memory = DmaMemory.Allocate(4096);
        _bench.Device.Capabilities = """{"pgsizes":18446744073709547520}""";
        using var device = _bench.Open();
        DmaArena.Attach(device);
        Assert.Equal(32u, _bench.Server.Next(HandDevice.DmaMap).Word(0));
    }

    [Theory]
    [InlineData("""{"max_dma_maps":0}""", "0 DMA mappings")]
    [InlineData("""{"pgsizes":1073741824}""", "1048576 KiB")]
    public void MemoryThatTheServerCannotHave(string capabilities, string reason)
    {
        using var memory = DmaMemory.Allocate(4096);
        _bench.Device.Capabilities = capabilities;
        using var device = _bench.Open();
        Assert.Contains(reason, Assert.Throws<DmaMemoryException>(() => DmaArena.Attach(device)).Message);
    }

    [Theory] // "VFIO_USER_REGION_READ": offset, region, count; configuration space is region 7.
    [InlineData(0x2c, 1)]
    [InlineData(0x2e, 2)]
    [InlineData(0x2c, 4)]
    public void ConfigurationSpaceIsReadAndWrittenByMessages(int offset, int size)
    {
        using var device = _bench.Open();
        device.WriteConfig(offset, 0x4433_2211, size);
        var write = _bench.Server.Next(HandDevice.RegionWrite);
        Assert.Equal(
            [.. HandDevice.Longs((ulong)offset), .. HandDevice.Words(7, (uint)size),
            .. new byte[] { 0x11, 0x22, 0x33, 0x44 }[..size]], write.Payload);
        Assert.Equal(0x4433_2211u & (uint)(0xFFFF_FFFFul >> (32 - 8 * size)), device.ReadConfig(offset, size));
        var read = _bench.Server.Next(HandDevice.RegionRead);
        Assert.Equal([.. HandDevice.Longs((ulong)offset), .. HandDevice.Words(7, (uint)size)], read.Payload);
    }

    [Fact] // Design D4 and D6: a doorbell is a store, and everything else a message, even to a mapped area.
    public void MappedAreasAreForDoorbellsOnly()
    {
        using var device = _bench.Open();
        var bar = device.OpenBar(0);
        Assert.Equal(0x4000u, bar.Length);
        Assert.True(bar.TryGetPointer(0x1ffc, 4, out void* pointer));
        Assert.False(bar.TryGetPointer(0x0ffc, 4, out _));
        Assert.False(bar.TryGetPointer(0x2000, 4, out _));
        *(uint*)pointer = 7;
        uint value;
        Assert.Equal(4, Libc.pread(_bench.Device.File, &value, 4, 0x1ffc));
        Assert.Equal(7u, value);
        foreach (uint offset in new uint[] { 0x1ffc, 0x2000 })
        {
            bar.Write16(offset + 2, 0xABCD);
            Assert.Equal((0xCD, 0xAB), (_bench.Device.Bar[offset + 2], _bench.Device.Bar[offset + 3]));
            Assert.Equal(0xABCD_0000u, bar.Read32(offset));
        }
        Assert.Same(bar, device.OpenBar(0));
    }

    // "VFIO_USER_DEVICE_SET_IRQS": descriptors accompany the message, no more than the server accepts at once.
    [Fact]
    public void EachVectorHasAnEventDescriptor()
    {
        _bench.Device.Capabilities = """{"max_msg_fds":2}""";
        var messages = new List<(uint Start, uint Count)>();
        _bench.Device.On(HandDevice.SetIrqs, asked =>
        {
            Assert.Equal(20, asked.Payload.Length);
            Assert.Equal((20u, 2u), (asked.Word(0), asked.Word(8)));
            if (asked.Word(4) == 0x24) messages.Add((asked.Word(12), asked.Word(16))); // eventfd, trigger
            Assert.Equal(asked.Word(16), (uint)asked.Descriptors.Length);
            ulong one = 1;
            foreach (int descriptor in asked.Descriptors) Assert.Equal(8, Libc.write(descriptor, &one, 8));
            return null;
        });
        using var device = _bench.Open();
        using (var vectors = device.EnableInterrupts(InterruptKind.Msix, HandDevice.Vectors))
        {
            Assert.Equal([(0, 2), (2, 2), (4, 1)], messages);
            for (int i = 0; i < HandDevice.Vectors; i++) Assert.Equal(1, vectors[i].TakeCount());
            Assert.Equal(0x80, _bench.Device.Config[HandDevice.MsixCapability + 3]);
            vectors[1].Mask();
            Assert.Equal(1, _bench.Device.MsixTable[16 + 12]);
        }
        // Disabling: no data, trigger, count 0.
        Assert.Equal(0, _bench.Device.Config[HandDevice.MsixCapability + 3]);
        for (int i = 0; i < 3; i++) _bench.Server.Next(HandDevice.SetIrqs);
        var last = _bench.Server.Next(HandDevice.SetIrqs);
        Assert.Equal((0x21u, 0u, 0u), (last.Word(4), last.Word(12), last.Word(16)));
    }

    [Fact]
    public void TheInterruptLineIsMaskedByACommand()
    {
        using var device = _bench.Open();
        using var line = device.EnableInterrupts(InterruptKind.Intx);
        Assert.Equal(
            (0x24u, 0u),
            (_bench.Server.Next(HandDevice.SetIrqs) is var connect ? connect.Word(4) : 0, connect.Word(8)));
        line[0].Mask();
        Assert.Equal(HandDevice.Words(20, 0x09, 0, 0, 1), _bench.Server.Next(HandDevice.SetIrqs).Payload);
        line[0].Unmask();
        Assert.Equal(HandDevice.Words(20, 0x11, 0, 0, 1), _bench.Server.Next(HandDevice.SetIrqs).Payload);
        Assert.Throws<InterruptsNotSupportedException>(() => device.EnableInterrupts(InterruptKind.Msi));
    }

    [Fact]
    public void AResetKeepsTheCommandRegister()
    {
        _bench.Device.On(HandDevice.DeviceReset, asked =>
        {
            Assert.Empty(asked.Payload);
            _bench.Device.Config.AsSpan(4, 2).Clear();
            return null;
        });
        using var device = _bench.Open();
        device.EnableBusMaster();
        device.Reset();
        Assert.Equal(7, _bench.Device.Config[4]);
    }

    [Fact]
    public void NotEveryDeviceHasAReset()
    {
        _bench.Device.On(HandDevice.GetInfo, asked => Answer.To(asked, HandDevice.Words(16, 2, 9, 5)));
        using var device = _bench.Open();
        Assert.Contains("no reset", Assert.Throws<PciDeviceException>(device.Reset).Message);
    }

    [Fact]
    public void OnlyPciDevicesAreOpened()
    {
        _bench.Device.On(HandDevice.GetInfo, asked => Answer.To(asked, HandDevice.Words(16, 1, 9, 5)));
        Assert.Contains("not a PCI device", Assert.Throws<PciDeviceException>(_bench.Open).Message);
    }

    [Fact] // First DMA is switched off, then the memory is unmapped, then the connection closed.
    public void TheEndIsQuiet()
    {
        using (var device = _bench.Open())
        {
            using var memory = DmaMemory.Allocate(4096);
            DmaArena.Attach(device);
            device.EnableBusMaster();
            device.Dispose();
        }
        var commands = new List<(int, byte)>();
        while (_bench.Server.Next() is { } asked)
            commands.Add((asked.Command, asked.Command == HandDevice.RegionWrite ? asked.Payload[16] : (byte)0));
        int end = commands.FindLastIndex(command => command.Item1 != HandDevice.DmaUnmap);
        Assert.Equal((HandDevice.RegionWrite, 3), commands[end]);
        Assert.NotEqual(commands.Count - 1, end);
    }

    public void Dispose() => _bench.Dispose();
}
