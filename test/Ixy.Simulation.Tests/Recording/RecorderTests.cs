using System.Buffers.Binary;
using System.Reflection;
using Ixy.Ixgbe;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Tests.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>What a recorder notes for hand-written descriptors, event by event.</summary>
public sealed class RecorderTests
{
    private const string Header = "02:00:00:00:00:01 > 02:11:22:33:44:01, type 0x88b5";

    [Fact]
    public void APacketThatIsSentIsNotedStepByStep()
    {
        using var recorded = new RecordedBench();
        var ring = recorded.Bench.AddQueue(size: 8);
        recorded.News();
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        ulong frame = recorded.Bench.At(ring.Address, 8) is var low ? BinaryPrimitives.ReadUInt64LittleEndian(low) : 0;
        Assert.Equal(
        [
            "write TDT[0] <- 0x00000001 [8.2.3.9.9]",
            "tail of transmit ring 0: 0 -> 1, 1 descriptor for the card",
            $"dma read  descriptor 0 of transmit ring 0: buffer 0x{frame:x}, PAYLEN 0x3c, DEXT, RS, IFCS, EOP, DTYP 3, "
            + $"DTALEN 60, 60 bytes at 0x{frame:x} to read [7.2.3.2.4]",
            $"dma read  60 bytes at 0x{frame:x} (transmit buffer)",
            $"wire sent     60 bytes: {Header}",
            $"dma write descriptor 0 of transmit ring 0: buffer 0x{frame:x}, PAYLEN 0x3c, DD, DEXT, RS, IFCS, EOP, "
            + "DTYP 3, DTALEN 60 [7.2.3.2.4]",
        ], recorded.News());
    }

    // Only the last descriptor requests a report. The ring has eight places, and six are used before.
    [Fact]
    public void APacketInThreeBuffersGoesOnAtTheBeginningOfTheRing()
    {
        using var recorded = new RecordedBench();
        var ring = recorded.Bench.AddQueue(size: 8);
        for (int i = 0; i < 6; i++) ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        recorded.News();
        byte[] frame = TransmitFrames.Make(90);
        for (int part = 0; part < 3; part++)
        {
            uint command = part == 2 ? Tx.Whole : Tx.Ifcs;
            ring.Put(recorded.Bench.Place(frame.AsSpan(part * 30, 30)), command | Tx.Data | 30, 90u << 14);
        }
        ring.Send();
        string[] news = recorded.News();
        Assert.Equal("tail of transmit ring 0: 6 -> 1, 3 descriptors for the card", news[1]);
        var read = recorded.Recorder.Events.OfType<DescriptorRead>().TakeLast(3);
        Assert.Equal([6u, 7u, 0u], read.Select(descriptor => descriptor.Index));
        Assert.Equal($"wire sent     90 bytes: {Header}", news[^2]);
        Assert.StartsWith("dma write descriptor 0 of transmit ring 0", news[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ATailThatOvertakesTheHeadIsABrokenRuleOfTheLineThatWroteIt()
    {
        using var recorded = new RecordedBench();
        var ring = recorded.Bench.AddQueue(size: 8);
        recorded.Bench.Write(TDT, 5);
        recorded.Bench.Write(TDT, 3);
        var broken = Assert.Single(recorded.Recorder.Events.OfType<BrokenRule>());
        Assert.Equal(("TDT[0]", 3ul), (broken.Violation.Register, broken.Violation.Value));
        Assert.Contains("BROKEN RULE", broken.Text);
        var write = recorded.Recorder.Events.OfType<BarAccess>().Last();
        Assert.Same(write.Caller, broken.Caller);
        Assert.NotNull(broken.Place);
    }

    [Fact]
    public void ABufferInTwoDescriptorsIsNoted()
    {
        using var recorded = new RecordedBench();
        var ring = recorded.Bench.AddQueue(size: 8);
        ulong buffer = recorded.Bench.Place(TransmitFrames.Make(60));
        for (int i = 0; i < 2; i++) ring.Put(buffer, Tx.Eop | Tx.Ifcs | Tx.Data | 60, 60u << 14);
        ring.Send();
        var shared = Assert.Single(recorded.Recorder.Events.OfType<BufferShared>());
        Assert.Equal(
            $"buffer 0x{buffer:x} is in two descriptors at once: 1 of transmit ring 0, and 0 of transmit ring 0",
            shared.Text);
    }

    [Fact]
    public void APacketThatIsReceivedIsNotedStepByStep()
    {
        var recorder = new Recorder();
        var world = new VirtualWorld(1, recorder);
        using var device = world.Open("sim:ixgbe,wire=generator,count=1,mac=02:00:00:00:00:07");
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        world.Advance(TimeSpan.FromMicroseconds(20));
        var events = recorder.Events.SkipWhile(happened => happened is not LinkChange { IsUp: true, Time: > 1_000_000 })
            // DMA memory is shared by all devices, so a mapping change may come from another test.
            .Where(happened => happened is not (BarAccess or ConfigAccess or DescriptorRead or MappingChange))
            .Select(happened => happened.Text).ToArray();
        Assert.Equal("link up at 10000 Mbit/s", events[0]);
        Assert.StartsWith("wire received 60 bytes: ", events[1], StringComparison.Ordinal);
        Assert.Matches(@"^dma write 60 bytes at 0x[0-9a-f]+ \(buffer of receive queue 0\)$", events[2]);
        Assert.Matches(
            @"^dma write descriptor 0 of receive ring 0: .*length 60.*EOP, DD \[7\.1\.6\.2\]$", events[3]);
        Assert.Equal(4, events.Length);
        var first = recorder.Events.OfType<DescriptorRead>().First();
        Assert.Equal((0u, 2048u, true), (first.Index, first.Buffers[0].Length, first.Buffers[0].IsWritable));
        var tail = recorder.Events.OfType<TailMove>().First();
        Assert.Equal((0u, 511u), (tail.From, tail.To));
    }

    // The place in the driver, not in the helper that writes registers.
    [Fact]
    public void AnAccessHasTheLineOfTheDriver()
    {
        var recorder = new Recorder();
        var world = new VirtualWorld(1, recorder);
        using var device = world.Open("sim:ixgbe,wire=loopback");
        var enabled = recorder.Events.OfType<BarAccess>().First(access => access is { IsWrite: true, Register.Name: "RXDCTL[0]" });
        Assert.Equal("src/Ixy/Ixgbe/IxgbeDevice.SetUp.cs", enabled.Caller?.File);
        // The exact line depends on the JIT: once it has optimised the method, a neighbouring line may be named.
        string[] source = File.ReadAllLines(Path.Combine(Checkout.Root, enabled.Caller!.File!));
        Assert.Equal(source[enabled.Caller.Line - 1].Trim(), enabled.Caller.Text);
        Assert.Contains(enabled.Caller.Method, new[] { "IxgbeDevice.AddReceiveQueue", "IxgbeDevice.SetUpReceive" });
        Assert.StartsWith("IxgbeDevice.SetUp.cs:", enabled.Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sim:virtio,queue-size=16,wire=loopback", "split")]
    [InlineData("sim:virtio,queue-size=16,packed=on,wire=loopback", "packed")]
    public void AVirtioRingIsNoted(string specifier, string kind)
    {
        var recorder = new Recorder();
        var world = new VirtualWorld(1, recorder);
        using var device = world.Open(specifier, new NetworkDeviceOptions { RingSize = 64, PoolSize = 512 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        world.Advance(TimeSpan.FromMicroseconds(5));
        var all = recorder.Events.OfType<TailMove>().First(move => move.Ring.Number == 0);
        Assert.Equal($"tail of {kind} ring 0: 0 -> 0, 16 descriptors for the card", all.Text);
        using var pool = new PacketPool(new() { Count = 64 });
        var packets = new Packet[1];
        // Two and a half times around the ring.
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal(1, pool.Allocate(packets));
            packets[0].Length = 60;
            packets[0].Data.Fill((byte)(i + 2));
            Assert.Equal(1, device.Transmit(packets));
            int received = 0;
            for (int turn = 0; turn < 20 && received == 0; turn++)
            {
                world.Advance(TimeSpan.FromMicroseconds(1));
                received = device.Receive(packets);
            }
            Assert.Equal(1, received);
            PacketPool.Free(packets);
        }
        Assert.Empty(recorder.Events.OfType<BrokenRule>());
        Assert.Empty(recorder.Events.OfType<BufferShared>());
        var taken = recorder.Events.OfType<DescriptorRead>().Where(read => read.Ring.Number == 0).ToList();
        var used = recorder.Events.OfType<DescriptorWrite>().Where(write => write.Ring.Number == 0).ToList();
        Assert.Equal(40, taken.Count);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (uint)i % 16), taken.Select(read => read.Index));
        Assert.Equal(taken.Select(read => read.Index), used.Select(write => write.Taken));
        Assert.All(recorder.Events.OfType<FramePassed>(), passed => Assert.Equal(60, passed.Frame.Length));
        Assert.Equal(80, recorder.Events.OfType<FramePassed>().Count());
    }

    [Fact]
    public void ARecorderEndsAtItsLimit()
    {
        int added = 0, filled = 0;
        var recorder = new Recorder(100) { Added = _ => added++, Filled = () => filled++ };
        using (new VirtualWorld(1, recorder).Open("sim:ixgbe,wire=loopback"))
        {
        }
        Assert.Equal((100, 100, 1), (recorder.Events.Count, added, filled));
        Assert.InRange(recorder.LeftOut, 1_000, 100_000);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Recorder(0));
    }

    // Without a recorder, doorbells are stores.
    [Fact]
    public unsafe void OnlyARecordedCardCatchesDoorbells()
    {
        var world = new VirtualWorld(1);
        using var free = world.OpenCard("sim:ixgbe,wire=loopback");
        using var recorded = new VirtualWorld(1, new Recorder()).OpenCard("sim:ixgbe,wire=loopback");
        Assert.True(free.OpenBar(0).TryGetPointer(TDT, sizeof(uint), out _));
        Assert.False(recorded.OpenBar(0).TryGetPointer(TDT, sizeof(uint), out _));
        Assert.Null(free.Model.Observer);
        Assert.NotNull(recorded.Model.Observer);
    }

    // A reader sees every bit that the driver has a name for by that name.
    [Fact]
    public void TheFieldsThatTheDriverUsesHaveNames()
    {
        Type[] tables = [typeof(IxgbeRegisters), typeof(IxgbeFeatureRegisters)];
        // Numbers, not fields.
        string[] plain = ["SPEED", "RTTDQSEL"];
        var groups = tables.SelectMany(table => table.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic))
            .Where(group => group.Name.EndsWith('_') && !plain.Contains(group.Name.TrimEnd('_'))).ToList();
        Assert.InRange(groups.Count, 20, 100);
        Assert.All(groups, group => Assert.NotEmpty(RegisterFields.Of(group.Name.TrimEnd('_'))));
        foreach (var (name, bit) in new[] { ("RXDCTL", 25), ("TXDCTL", 25), ("CTRL", 26), ("LINKS", 30), ("EEC", 9) })
            Assert.Contains(RegisterFields.Of(name), part => part.Shift == bit && part.Width == 1);
    }

    [Fact]
    public void FieldsOfARegisterDoNotOverlap()
    {
        var layouts = DescriptorLayout.All.SelectMany(layout => new[] { layout.LowFields, layout.HighFields });
        var registers = new[] { "CTRL", "SRRCTL", "TXDCTL", "LINKS", "EICR", "IVAR", "HLREG0", "common.device_status" }
            .Select(RegisterFields.Of);
        Assert.All(layouts.Concat(registers), fields =>
        {
            ulong seen = 0;
            foreach (var part in fields)
            {
                ulong mask = part.In(ulong.MaxValue) << part.Shift;
                Assert.Equal(0ul, seen & mask);
                seen |= mask;
            }
        });
    }
}
