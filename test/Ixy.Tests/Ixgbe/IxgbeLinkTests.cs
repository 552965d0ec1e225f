using System.Collections.Concurrent;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Tests.Ixgbe;

/// <summary>
/// Our ixgbe driver brings the link up whatever the previous driver left where no reset reaches: in the pins of an SFP+
/// board, in the PHY of a copper board, in the semaphores between them. It also reports the link's speed.
/// </summary>
public sealed class IxgbeLinkTests
{
    private const ushort Sfp = 0x10FB, X540 = 0x1528, X550 = 0x1563;

    [Theory]
    [InlineData(0x0808)] // the laser off, as Linux leaves it after "ip link set down"
    [InlineData(0x2800)] // rate select driven low, as for 1 Gbit/s
    [InlineData(0x0000)] // all pins inputs
    [InlineData(0xFFFFFFFF)]
    public void AModuleThatWasSwitchedOffIsSwitchedOn(uint pins)
    {
        using var bench = new Bench(new() { DeviceId = Sfp });
        bench.Registers.Write32(ESDP, pins);
        bench.AssertOpensAndForwards(10_000);
    }

    [Theory]
    [MemberData(nameof(LeftInThePhy))]
    public void APhyThatWasPutToSleepIsWoken(ushort deviceId, int device, int register, ushort value)
    {
        using var bench = new Bench(new() { DeviceId = deviceId });
        bench.WritePhy(device, register, value);
        bench.AssertOpensAndForwards(10_000);
    }

    public static TheoryData<ushort, int, int, ushort> LeftInThePhy()
    {
        var data = new TheoryData<ushort, int, int, ushort>();
        foreach (ushort card in (ushort[])[X540, X550])
        {
            data.Add(card, 0x1E, 0, 1 << 11); // low power, as Linux leaves it after "ip link set down"
            data.Add(card, 1, 0, 0x2840);
            data.Add(card, 1, 0, 0x2041); // loopback
            data.Add(card, 1, 9, 1); // transmitter off
            data.Add(card, 3, 0, 0x4800);
            data.Add(card, 4, 0, 0x4800);
            data.Add(card, 7, 0, 0); // no negotiation
            data.Add(card, 7, 0x20, 0); // 10GBASE-T not offered
        }
        return data;
    }

    // Writing back would store a value that was never read, or go to the previous register: 0xFFFF in 1.0 resets the
    // PHY.
    [Theory]
    [InlineData(MSCA_.Read, false)]
    [InlineData(MSCA_.Read, true)]
    [InlineData(MSCA_.Address, true)]
    public void ARegisterOfThePhyThatCannotBeReadIsLeftAlone(uint operation, bool isStuck)
    {
        const ushort Isolated = 0x2041;
        using var bench = new Bench(new() { DeviceId = X540 });
        bench.WritePhy(1, 0, Isolated);
        bench.WritePhy(0x1E, 0, 1 << 11);
        bench.Answer = (offset, value) =>
        {
            uint command = bench.Card.Registers[MSCA];
            bool isMeant = (command >> MSCA_.DeviceShift & 0x1F) == 1 && (command & 0xFFFF) == 0
                && (command >> MSCA_.OperationShift & 3) == operation;
            if (!isMeant) return value;
            return offset == MSCA && isStuck ? value | MSCA_.Command : offset == MSRWD && !isStuck ? 0xFFFF_0000 | value
                : value;
        };
        var accesses = new ConcurrentQueue<string>();
        SimulatedPciDevice.BetweenTurns(() => bench.Card.Trace = accesses.Enqueue);
        bench.Open().Dispose();
        Assert.Equal(Isolated, bench.Card.Phy.Read(1, 0));
        Assert.Equal(0, bench.Card.Phy.Read(0x1E, 0) & 1 << 11);
        string[] writes = [.. accesses.Where(access => access.StartsWith("write MSCA", StringComparison.Ordinal))
            .Where(access => Operation(access) == MSCA_.Write).Select(access => access[^8..])];
        Assert.All(writes, write => Assert.NotEqual(1u, Convert.ToUInt32(write, 16) >> MSCA_.DeviceShift & 0x1F));
    }

    // PHY bits in SW_FW_SYNC and the semaphore that guards it, held by a driver that was killed or by firmware that
    // hangs.
    [Theory]
    [InlineData(Owner.Software)]
    [InlineData(Owner.Register)]
    [InlineData(Owner.Phy)]
    [InlineData(Owner.Firmware)]
    public void SemaphoresOfTheDeadAreTakenFromThem(Owner owner)
    {
        using var bench = new Bench(new() { DeviceId = X540 });
        bench.WritePhy(0x1E, 0, 1 << 11);
        if (owner == Owner.Software) bench.Registers.Read32(SWSM);
        else if (owner == Owner.Firmware)
        {
            const uint Firmware = SW_FW_SYNC_.Phy0 << SW_FW_SYNC_.FirmwareShift;
            SimulatedPciDevice.BetweenTurns(() => bench.Card.Registers[SW_FW_SYNC] |= Firmware);
        }
        else
        {
            bench.Registers.Read32(SW_FW_SYNC);
            if (owner == Owner.Phy) bench.Registers.Write32(SW_FW_SYNC, SW_FW_SYNC_.Phy0);
        }
        bench.AssertOpensAndForwards(10_000);
        Assert.Equal(0u, bench.Card.Registers[SWSM] & SWSM_.SMBI);
        Assert.Equal(0u, bench.Card.Registers[SW_FW_SYNC] & (SW_FW_SYNC_.Phy0 | SW_FW_SYNC_.Registers));
    }

    public enum Owner
    {
        Software,
        Register,
        Phy,
        Firmware,
    }

    // On a real cable, restarting the link takes seconds.
    [Theory]
    [InlineData(X540)]
    [InlineData(X550)]
    public void APhyThatIsAwakeKeepsItsLink(ushort deviceId)
    {
        using var bench = new Bench(new() { DeviceId = deviceId });
        var accesses = new ConcurrentQueue<string>();
        SimulatedPciDevice.BetweenTurns(() => bench.Card.Trace = accesses.Enqueue);
        bench.AssertOpensAndForwards(10_000);
        var commands = accesses.Where(access => access.StartsWith("write MSCA", StringComparison.Ordinal)).ToList();
        Assert.Contains(commands, command => Operation(command) == MSCA_.Read);
        Assert.DoesNotContain(commands, command => Operation(command) == MSCA_.Write);
    }

    private static uint Operation(string access)
    {
        string value = access[(access.IndexOf("0x", StringComparison.Ordinal) + 2)..];
        return Convert.ToUInt32(value, 16) >> MSCA_.OperationShift & 3;
    }

    [Theory]
    [InlineData(Sfp)]
    [InlineData(X540)]
    [InlineData(X550)]
    public void WhatIsLeftToTheNextDriverIsReadyForALink(ushort deviceId)
    {
        using var bench = new Bench(new() { DeviceId = deviceId });
        for (int turn = 0; turn < 3; turn++)
        {
            bench.AssertOpensAndForwards(10_000);
            DriverBench.Until(() => bench.Card.Link.IsUp, "a link without a driver");
        }
    }

    [Theory]
    [InlineData(Sfp, 10_000)]
    [InlineData(X540, 10_000)]
    [InlineData(X540, 1_000)]
    [InlineData(X540, 100)]
    [InlineData(X550, 10_000)]
    [InlineData(X550, 5_000)]
    [InlineData(X550, 2_500)]
    [InlineData(X550, 1_000)]
    [InlineData(X550, 100)]
    public void TheSpeedOfTheLinkIsTold(ushort deviceId, int speed)
    {
        using var bench = new Bench(new() { DeviceId = deviceId, PartnerSpeedMbps = speed });
        bench.AssertOpensAndForwards(speed);
    }

    // Linux removes these two speeds from the default, and they stay removed.
    [Theory]
    [InlineData(5_000)]
    [InlineData(2_500)]
    public void SpeedsThatWereNotOfferedAnyMoreAreOfferedAgain(int speed)
    {
        using var bench = new Bench(new() { DeviceId = X550, PartnerSpeedMbps = speed });
        bench.WritePhy(7, 0xC400, 1 << 15);
        bench.AssertOpensAndForwards(speed);
    }

    /// <summary>A card that still belongs to the previous driver.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly FarEnd _wire = new();
        private readonly SimulatedPciDevice _function;

        internal Bench(IxgbeCardOptions options)
        {
            Card = new IxgbeCard(options, _wire);
            _function = new SimulatedPciDevice("sim:test", Card);
            _function.EnableBusMaster();
            Registers = _function.OpenBar(0);
        }

        internal IxgbeCard Card { get; }

        internal PciBar Registers { get; }

        /// <summary>Writes a PHY register as 10.5.4 and 8.2.3.22.11 describe.</summary>
        internal void WritePhy(int device, int register, ushort value)
        {
            Registers.Read32(SW_FW_SYNC);
            Registers.Write32(SW_FW_SYNC, SW_FW_SYNC_.Phy0);
            Cycle(MSCA_.Address, device, register);
            Registers.Write32(MSRWD, value);
            Cycle(MSCA_.Write, device, register);
            Registers.Read32(SW_FW_SYNC);
            Registers.Write32(SW_FW_SYNC, 0);
        }

        /// <summary>Replaces the values that our driver reads.</summary>
        internal Func<uint, uint, uint> Answer { get; set; } = (_, value) => value;

        internal NetworkDevice Open() =>
            NetworkDevice.Open(
                new InterposedDevice(_function) { OwnsCard = false, Answer = Answer }, DriverBench.Defaults);

        internal void AssertOpensAndForwards(int speed)
        {
            _wire.FromCard.Clear();
            using var device = Open();
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
            Assert.Equal(new LinkStatus(true, speed), device.Link);
            var frames = DriverBench.Frames(100).ToList();
            _wire.Deliver(frames);
            Assert.Equal(frames, DriverBench.Receive(device.ReceiveQueues[0], frames.Count));
            DriverBench.Send(device.TransmitQueues[0], device.ReceiveQueues[0].Pool, frames);
            DriverBench.Until(() => _wire.FromCard.Count == frames.Count, "all sent");
            Assert.Equal(frames, _wire.FromCard);
            Assert.Empty(Card.Violations.All);
        }

        public void Dispose() => _function.Dispose();

        private void Cycle(uint operation, int device, int register)
        {
            uint command = MSCA_.Command | operation << MSCA_.OperationShift;
            Registers.Write32(MSCA, command | (uint)device << MSCA_.DeviceShift | (uint)register);
            DriverBench.Until(() => (Registers.Read32(MSCA) & MSCA_.Command) == 0, "the end of a cycle");
        }
    }
}
