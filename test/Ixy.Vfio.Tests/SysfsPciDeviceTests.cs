using System.Buffers.Binary;
using Ixy.Ixgbe;
using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests;

public sealed unsafe class SysfsPciDeviceTests : IDisposable
{
    private const string Address = "0000:03:00.0";
    private readonly FakeSysfs _sysfs = new();

    [SkippableFact]
    [Trait("needs", "root")]
    public void TheConfigurationHeaderIsRead()
    {
        _sysfs.Add(Address);
        using var device = Open();
        Assert.Equal((0x8086, 0x10FB, 0x020000u), (device.VendorId, device.DeviceId, device.ClassCode));
        Assert.Equal(Address, device.Name);
        Assert.False(device.DeviceAddressIsVirtual);
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData("1\n", 1)]
    [InlineData("0\n", 0)]
    [InlineData("-1\n", null)]
    [InlineData(null, null)]
    public void TheNumaNodeIsTheKernels(string? file, int? node)
    {
        string directory = _sysfs.Add(Address);
        if (file is not null) File.WriteAllText(Path.Combine(directory, "numa_node"), file);
        using var device = Open();
        Assert.Equal(node, device.NumaNode);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void BusMasterIsSwitchedInTheCommandRegisterAndOffAtTheEnd()
    {
        string directory = _sysfs.Add(Address);
        using (var device = Open())
        {
            device.EnableBusMaster();
            Assert.Equal(0b111, Command(directory));
        }
        Assert.Equal(0b011, Command(directory));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void RegistersAreReadAndWrittenInPlace()
    {
        string directory = _sysfs.Add(Address);
        using (var device = Open())
        {
            var bar = device.OpenBar(0);
            Assert.Equal((uint)FakeSysfs.RegisterBytes, bar.Length);
            Assert.Same(bar, device.OpenBar(0));
            bar.Write32(0x1018, 0x1234_5678);
            Assert.Equal(0x1234_5678u, bar.Read32(0x1018));
            Assert.True(bar.TryGetPointer(0x1018, sizeof(uint), out void* pointer));
            *(uint*)pointer = 0x9ABC_DEF0;
            Assert.Equal(0x9ABC_DEF0u, bar.Read32(0x1018));
            bar.Write16(0x101A, 0x1357);
            bar.Write8(0x1018, 0x24);
            Assert.Equal((0x1357_DE24u, 0x1357, 0xDE), (bar.Read32(0x1018), bar.Read16(0x101A), bar.Read8(0x1019)));
        }
        var stored = File.ReadAllBytes(Path.Combine(directory, "resource0")).AsSpan(0x1018);
        Assert.Equal(0x1357_DE24u, BinaryPrimitives.ReadUInt32LittleEndian(stored));
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData(2)]
    [InlineData(FakeSysfs.RegisterBytes)]
    [InlineData(uint.MaxValue - 3)]
    public void OffsetsOutsideTheBarAreRefused(uint offset)
    {
        _sysfs.Add(Address);
        using var device = Open();
        var bar = device.OpenBar(0);
        Assert.Throws<ArgumentOutOfRangeException>(() => bar.Read32(offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => bar.Write32(offset, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => bar.TryGetPointer(offset, sizeof(uint), out _));
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(-1)]
    public void ABarThatIsNotThereIsRefused(int index)
    {
        _sysfs.Add(Address);
        using var device = Open();
        Assert.Throws<PciDeviceException>(() => device.OpenBar(index));
    }

    [Fact]
    public void AFunctionThatIsNotThereIsNotFound() =>
        Assert.Contains(
            "there is no PCI function 0000:03:00.0",
            Assert.Throws<DeviceNotFoundException>(() => OpenAnyway()).Message);

    [SkippableFact]
    [Trait("needs", "root")]
    public void AFunctionOfTheKernelIsLeftAlone()
    {
        string directory = _sysfs.Add(Address);
        _sysfs.HoldByKernel(Address, "ixgbe");
        var before = File.ReadAllBytes(Path.Combine(directory, "config"));
        RequireRoot();
        var error = Assert.Throws<PciDeviceException>(() => OpenAnyway());
        Assert.Contains("held by the kernel driver ixgbe", error.Message);
        Assert.Contains($"echo {Address} | sudo tee", error.Message);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(directory, "config")));
    }

    // The card would read descriptors at physical addresses, which the IOMMU does not map: nothing would ever move.
    [Theory]
    [InlineData("DMA")]
    [InlineData("DMA-FQ")]
    [InlineData("blocked")]
    public void AFunctionBehindAnIommuThatTranslatesIsRefusedBeforeItIsTouched(string type)
    {
        string directory = _sysfs.Add(Address);
        _sysfs.HoldByUnbindable(Address, "ixgbe");
        _sysfs.AddGroup(12, Address);
        _sysfs.SetGroupType(12, type);
        var before = File.ReadAllBytes(Path.Combine(directory, "config"));
        var error = Assert.Throws<IommuTranslatesException>(() => OpenForADriver());
        Assert.StartsWith(
            $"{Address} is behind an IOMMU that translates (the type of its group 12 is {type})", error.Message);
        Assert.Contains($"'sudo ixy bind {Address}'", error.Message);
        Assert.Contains("iommu=pt", error.Message);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(directory, "config")));
        Assert.Equal("", _sysfs.Unbound("ixgbe"));
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData("identity")]
    [InlineData(null)]
    public void OneThatLetsPhysicalAddressesThroughIsNoObstacle(string? type)
    {
        _sysfs.Add(Address);
        _sysfs.AddGroup(12, Address);
        if (type is not null) _sysfs.SetGroupType(12, type);
        using var device = Open();
        Assert.Equal(0x8086, device.VendorId);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AFunctionOfALargeDomainIsOpened()
    {
        RequireRoot();
        Assert.True(PciAddress.TryParse("10000:e1:00.0", out var address));
        _sysfs.Add("10000:e1:00.0");
        using var device = new SysfsPciDevice(new SysfsFunction(_sysfs.Root, $"{address}"), check: null);
        Assert.Equal(("10000:e1:00.0", 0x10FB), (device.Name, device.DeviceId));
    }

    [Fact]
    public void TheCheckComesBeforeAllElse()
    {
        _sysfs.Add(Address);
        _sysfs.HoldByKernel(Address, "ixgbe");
        Assert.True(PciAddress.TryParse(Address, out var address));
        var error = Assert.Throws<InvalidOperationException>(
            () => new SysfsPciDevice(new SysfsFunction(_sysfs.Root, $"{address}"), Refuse));
        Assert.Equal("8086", error.Message);

        static void Refuse(PciDevice function) => throw new InvalidOperationException($"{function.VendorId:x4}");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void TheDriverGivesTheCardPhysicalAddresses()
    {
        RequireRoot();
        using var pages = AllHugePages.Require(32);
        using var card = new PaperCard(_sysfs.Add(Address));
        using var device = NetworkDevice.Open(OpenAnyway(), new());
        Assert.Equal(new LinkStatus(true, 10_000), device.Link);
        ulong ring = card[IxgbeRegisters.RDBAL[0]] | (ulong)card[IxgbeRegisters.RDBAH[0]] << 32;
        Assert.Contains(ring, PhysicalAddressesOfTheArena());
        Assert.Equal(512u * 16, card[IxgbeRegisters.RDLEN[0]]);
        Assert.Equal(511u, card[IxgbeRegisters.RDT[0]]);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WithoutHugePagesThereIsNoWayToPhysicalAddresses()
    {
        RequireRoot();
        using var card = new PaperCard(_sysfs.Add(Address));
        AllHugePages.Hold(() =>
        {
            var error = Assert.Throws<HugePagesRequiredException>(
                () => NetworkDevice.Open(OpenAnyway(), new()).Dispose());
            Assert.Contains("sudo tee /proc/sys/vm/nr_hugepages", error.Message);
        });
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void NormalPagesInUseKeepADeviceWithoutIommuOut()
    {
        RequireRoot();
        AllHugePages.Hold(() =>
        {
            // More than any existing chunk has left, so that new memory is allocated.
            using var normal = DmaMemory.Allocate(64 << 20);
            Assert.NotNull(DmaArena.Note);
            using var device = new MemoryDevice(deviceAddressIsVirtual: false);
            Assert.Throws<HugePagesRequiredException>(() => DmaArena.Attach(device));
        });
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void PortsAreReadAndWrittenThroughTheFileInTheirExactWidth()
    {
        RequireRoot();
        string directory = _sysfs.Add(Address), ports = Path.Combine(directory, "resource1");
        SetConfig(directory, PciConfig.Bar0 + 4, 0xC001);
        File.WriteAllBytes(ports, new byte[32]);
        using (var device = OpenAnyway())
        {
            var bar = device.OpenBar(1);
            Assert.Equal(32u, bar.Length);
            Assert.False(bar.TryGetPointer(0, sizeof(uint), out _));
            bar.Write32(4, 0x1122_3344);
            bar.Write8(5, 0x55);
            bar.Write16(6, 0x6677);
            Assert.Equal((0x6677_5544u, (ushort)0x6677, (byte)0x55), (bar.Read32(4), bar.Read16(6), bar.Read8(5)));
            Assert.Throws<ArgumentOutOfRangeException>(() => bar.Read8(32));
        }
        Assert.Equal([0x44, 0x55, 0x77, 0x66], File.ReadAllBytes(ports)[4..8]);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AResetIsOneWrittenToItsFileWhereThereIsOne()
    {
        string directory = _sysfs.Add(Address);
        using var device = Open();
        Assert.Contains("has no reset", Assert.Throws<PciDeviceException>(device.Reset).Message);
        File.WriteAllText(Path.Combine(directory, "reset"), "");
        device.Reset();
        Assert.Equal("1", File.ReadAllText(Path.Combine(directory, "reset")));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ThereAreNoInterruptsAndItSaysSo()
    {
        _sysfs.Add(Address);
        using var device = Open();
        Assert.Contains("bind the function to vfio-pci",
            Assert.Throws<InterruptsNotSupportedException>(() => device.EnableInterrupts(InterruptKind.Msix)).Message);
    }

    public void Dispose() => _sysfs.Dispose();

    private static void SetConfig(string directory, int offset, uint value)
    {
        var config = File.ReadAllBytes(Path.Combine(directory, "config"));
        BinaryPrimitives.WriteUInt32LittleEndian(config.AsSpan(offset), value);
        File.WriteAllBytes(Path.Combine(directory, "config"), config);
    }

    private static void RequireRoot() => Needs.Root("the sysfs transport needs root");

    private static int Command(string directory) =>
        BinaryPrimitives.ReadUInt16LittleEndian(
            File.ReadAllBytes(Path.Combine(directory, "config")).AsSpan(PciConfig.Command));

    private static List<ulong> PhysicalAddressesOfTheArena()
    {
        var addresses = new List<ulong>();
        for (nuint frame = 0; frame < 1024; frame++)
        {
            ulong physical = DmaArena.PhysicalFrames[frame];
            for (ulong page = 0; physical != 0 && page < DmaArena.FrameLength; page += 4096)
                addresses.Add(physical + page);
        }
        return addresses;
    }

    private SysfsPciDevice Open()
    {
        RequireRoot();
        return OpenAnyway();
    }

    // Opens it as a driver does: every address has to be right.
    private SysfsPciDevice OpenForADriver() =>
        new(new SysfsFunction(_sysfs.Root, Address), function => function.ThrowIfTranslated());

    private SysfsPciDevice OpenAnyway() => new(new SysfsFunction(_sysfs.Root, Address), check: null);
}
