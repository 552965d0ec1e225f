using Ixy.Simulation;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Vfio;
using Ixy.Vfio.Interrupts;
using Xunit.Abstractions;
using static Ixy.Tests.ReceiveModeTests;
using static Ixy.Tests.Virtio.VirtioLeftoverTests;
using static Ixy.Tests.Virtio.VirtioTrafficTests;

namespace Ixy.Tests;

/// <summary>
/// What the previous driver left in configuration space: power states, masks, kinds of interrupts, and whatever else is
/// writable.
/// </summary>
public sealed class PciLeftoverTests(ITestOutputHelper output)
{
    private const int Command = 0x04, Bar0 = 0x10, BarsEnd = 0x34, InterruptLine = 0x3C;
    private const byte PowerManagement = 0x01, Msi = 0x05, Express = 0x10, Msix = 0x11;

    public static TheoryData<Model> Models() => ReceiveModeTests.Models();

    public static TheoryData<Model> Sleepers() =>
        [.. Enum.GetValues<Model>().Where(model => model != Model.VirtioLegacy)];

    public static TheoryData<Model, Pattern> ModelsAndPatterns()
    {
        var data = new TheoryData<Model, Pattern>();
        foreach (var model in Enum.GetValues<Model>())
        {
            foreach (var pattern in Enum.GetValues<Pattern>()) data.Add(model, pattern);
        }
        return data;
    }

    // Linux puts unused cards into D3hot. A card that wakes up as if reset (82599, X540) has lost its BARs' addresses.
    [Theory]
    [MemberData(nameof(Sleepers))]
    public void ACardThatSleepsIsWoken(Model model)
    {
        var wire = new FarEnd();
        var card = Create(model, wire);
        int bar = model >= Model.VirtioSplit ? 4 : 0, control = Find(card, Express) + 8;
        card.WriteConfig(Bar0 + 4 * bar, 0xF000_0000, 4);
        card.WriteConfig(Bar0 + 4 * bar + 4, 0x12, 4);
        card.WriteConfig(InterruptLine, 11, 1);
        card.WriteConfig(control, 0x2830, 2);
        uint deviceControl = card.ReadConfig(control, 2);
        Assert.NotEqual(0u, deviceControl);
        card.WriteConfig(Find(card, PowerManagement) + 4, 3, 2);
        AssertWorks(card, wire, inUse: () =>
        {
            Assert.Equal(0u, card.ReadConfig(Find(card, PowerManagement) + 4, 2) & 3);
            Assert.Equal(
                (0xF000_0000u, 0x12u),
                (card.ReadConfig(Bar0 + 4 * bar, 4) & ~0xFu, card.ReadConfig(Bar0 + 4 * bar + 4, 4)));
            Assert.Equal((11u, deviceControl), (card.ReadConfig(InterruptLine, 1), card.ReadConfig(control, 2)));
        });
    }

    [Fact]
    public void ACardThatDoesNotWakeUpIsAnError()
    {
        var function = new StubbornSleeper();
        Assert.Contains("does not wake up: 10 ms after it was told so, its power management register is 0x0003",
            Assert.Throws<PciDeviceException>(function.WakeUp).Message);
    }

    // Queues that the previous driver left on run as soon as the card may access memory, so that must wait for the
    // reset.
    [Theory]
    [MemberData(nameof(Models))]
    public void ACardReachesNoMemoryBeforeItsReset(Model model)
    {
        var wire = new FarEnd();
        var card = Create(model, wire);
        bool isVirtio = model >= Model.VirtioSplit;
        // A kernel clears bus mastering when it gives up a card. A driver that was killed could not.
        if (isVirtio) card.WriteConfig(Command, 7, 2);
        bool? wasMaster = null;
        card.Trace = access =>
        {
            if (IsReset(access, isVirtio)) wasMaster ??= card.Dma.BusMaster;
        };
        AssertWorks(card, wire);
        Assert.False(wasMaster);
    }

    // Through sysfs nothing else switches them off. Virtio has only MSI-X.
    [Theory]
    [MemberData(nameof(Models))]
    public void ADriverThatPollsSwitchesMessagesOff(Model model)
    {
        var wire = new FarEnd();
        var card = Create(model, wire);
        bool hasMsi = model < Model.VirtioSplit;
        int msi = Find(card, Msi) + 2, msix = Find(card, Msix) + 2;
        if (hasMsi) card.WriteConfig(msi, 1, 2);
        card.WriteConfig(msix, 0x8000, 2);
        AssertWorks(card, wire, inUse: () =>
        {
            if (hasMsi) Assert.Equal(0u, card.ReadConfig(msi, 2) & 1);
            Assert.Equal(0u, card.ReadConfig(msix, 2) & 0x8000);
        });
    }

    [Theory]
    [MemberData(nameof(ModelsAndPatterns))]
    public void WhateverConfigurationSpaceHoldsTheCardWorks(Model model, Pattern pattern)
    {
        var wire = new FarEnd();
        var card = Create(model, wire);
        int written = Fill(card, pattern);
        output.WriteLine($"{written} bytes of configuration space written");
        AssertWorks(card, wire);
    }

    // All vectors masked, MSI instead of MSI-X, the line disabled: interrupts arrive nevertheless.
    [Theory]
    [MemberData(nameof(ModelsAndPatterns))]
    public void WhateverConfigurationSpaceHoldsInterruptsCome(Model model, Pattern pattern)
    {
        var wire = new FarEnd();
        var card = Create(model, wire);
        Fill(card, pattern);
        card.WriteConfig(Find(card, Msix) + 2, 0x4000, 2);
        AssertWorks(card, wire, interrupts: true);
    }

    // For a client of a vfio-user server: there is no kernel between driver and device (PCI 3.0, 6.8).
    [Theory]
    [InlineData(InterruptKind.Intx)]
    [InlineData(InterruptKind.Msi)]
    [InlineData(InterruptKind.Msix)]
    public void OneKindOfInterruptIsOnAndNotMasked(InterruptKind kind)
    {
        var card = new IxgbeCard(new IxgbeCardOptions(), new FarEnd());
        using var function = new SimulatedPciDevice("sim:test", card);
        int msi = Find(card, Msi), msix = Find(card, Msix);
        card.WriteConfig(Command, 0x0406, 2);
        card.WriteConfig(msi + 2, 1, 2);
        card.WriteConfig(msi + 0x10, uint.MaxValue, 4);
        card.WriteConfig(msix + 2, 0xC000, 2);
        MessageControl.Enable(function, kind, 1);
        Assert.Equal(kind == InterruptKind.Msi, (card.ReadConfig(msi + 2, 2) & 1) != 0);
        Assert.Equal(kind == InterruptKind.Msix, (card.ReadConfig(msix + 2, 2) & 0x8000) != 0);
        if (kind == InterruptKind.Intx) Assert.Equal(0u, card.ReadConfig(Command, 2) & 0x400);
        if (kind == InterruptKind.Msi) Assert.Equal(0u, card.ReadConfig(msi + 0x10, 4) & 1);
        if (kind == InterruptKind.Msix) Assert.Equal(0u, card.ReadConfig(msix + 2, 2) & 0x4000);
    }

    // All but the base addresses, which the system has set. A function-level reset in between would clear earlier
    // writes.
    private static int Fill(CardModel card, Pattern pattern)
    {
        var random = new Random((int)pattern);
        int reset = Find(card, Express) + 9, written = 0;
        for (int offset = Command; offset < card.ConfigLength; offset++)
        {
            if (offset is >= Bar0 and < BarsEnd) continue;
            uint value = pattern switch { Pattern.Zeroes => 0, Pattern.Ones => 0xFF, _ => (uint)random.Next(256) };
            card.WriteConfig(offset, offset == reset ? value & 0x7F : value, 1);
            written++;
        }
        return written;
    }

    private static bool IsReset(string access, bool isVirtio)
    {
        const uint Resets = 1 << 26 | 1 << 3;
        const string Status = "device_status <- 0x0", Control = "write CTRL <- 0x";
        if (isVirtio) return access.EndsWith(Status, StringComparison.Ordinal);
        return access.StartsWith(Control, StringComparison.Ordinal)
            && (Convert.ToUInt32(access[Control.Length..], 16) & Resets) != 0;
    }

    private static void AssertWorks(CardModel card, FarEnd wire, bool interrupts = false, Action? inUse = null)
    {
        const int Frames = 1_000;
        var options = DriverBench.Defaults with { Interrupts = interrupts };
        // Earlier reports concern the previous driver.
        (long violations, long faults) = (card.Violations.Count, card.Dma.Faults);
        using (var device = NetworkDevice.Open(new SimulatedPciDevice("sim:test", card), options))
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
            if (interrupts) AssertWakes(device, wire);
            wire.Deliver(DriverBench.Frames(Frames));
            Assert.Equal(DriverBench.Frames(Frames), DriverBench.Receive(device.ReceiveQueues[0], Frames));
            DriverBench.Send(device.TransmitQueues[0], device.ReceiveQueues[0].Pool, DriverBench.Frames(Frames));
            DriverBench.Until(() => wire.FromCard.Count >= Frames, "all sent");
            Assert.Equal(DriverBench.Frames(Frames), wire.FromCard);
            if (inUse is not null) SimulatedPciDevice.BetweenTurns(inUse);
        }
        Assert.Empty(card.Violations.All.Skip((int)violations));
        Assert.Equal(faults, card.Dma.Faults);
    }

    private static void AssertWakes(NetworkDevice device, FarEnd wire)
    {
        var batch = new Packet[1];
        Assert.Equal(0, device.Receive(batch, TimeSpan.FromMilliseconds(1)));
        wire.Deliver(DriverBench.Frame(1));
        Assert.Equal(1, device.Receive(batch, TimeSpan.FromSeconds(10)));
        batch[0].Free();
    }

    private static CardModel Create(Model model, FarEnd wire) => model switch
    {
        Model.Intel82599 => new IxgbeCard(new(), wire),
        Model.IntelX540 => new IxgbeCard(new() { DeviceId = X540 }, wire),
        Model.IntelX550 => new IxgbeCard(new() { DeviceId = X550 }, wire),
        Model.VirtioSplit => new VirtioCard(Card(Variant.Split), wire),
        Model.VirtioPacked => new VirtioCard(Card(Variant.Packed), wire),
        _ => new VirtioCard(Card(Variant.Legacy), wire),
    };

    // If there is none, far below 0, so that adding to it gives no valid offset either.
    private static int Find(CardModel card, byte id)
    {
        for (int at = (int)card.ReadConfig(0x34, 1); at != 0; at = (int)card.ReadConfig(at + 1, 1))
        {
            if (card.ReadConfig(at, 1) == id) return at;
        }
        return short.MinValue;
    }

    /// <summary>A function that has only a power management capability, and stays in D3hot.</summary>
    private sealed class StubbornSleeper : PciDevice
    {
        public override string Name => "stubborn";

        public override uint ReadConfig(int offset, int size) => offset switch
        {
            PciConfig.Status => 1 << 4,
            PciConfig.CapabilitiesPointer => 0x40,
            0x40 => PowerManagement,
            0x44 => 3,
            _ => 0,
        };

        public override void WriteConfig(int offset, uint value, int size)
        {
            // Writes have no effect.
        }

        public override PciBar OpenBar(int index) => throw new PciDeviceException("no BAR");

        protected internal override void MapDma(DmaChunk chunk) => throw new PciDeviceException("no DMA");

        protected internal override void UnmapDma(DmaChunk chunk) => throw new PciDeviceException("no DMA");

        protected override void Close()
        {
            // Nothing to release.
        }
    }
}
