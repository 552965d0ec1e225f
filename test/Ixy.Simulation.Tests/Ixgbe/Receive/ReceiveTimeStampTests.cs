using System.Buffers.Binary;
using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Wires;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Time stamps of received packets (82599 datasheet 7.9, 8.2.3.26; X550 datasheet 7.7, 7.1.6.2).</summary>
public sealed class ReceiveTimeStampTests
{
    // Bits from the datasheets, not from the model.
    private const uint Valid = 1, Enable = 1u << 4, Untagged = 1u << 23;
    private const uint DescriptorStamp = 1u << 16, DescriptorStampInPacket = 1u << 15;
    private const uint L2 = 0, L4Version1 = 1, Version2 = 2, All = 4, Events = 5;
    private const uint PtpFilter = 1u << 31 | 1u << 30 | PtpFrames.EtherType;
    private const uint EventPort = PtpFrames.EventPort << 16;
    private const ushort X540 = 0x1528, X550 = 0x1563;

    private static uint Control(uint type) => Enable | type << 1;

    private static ReceiveBench Start(uint type, ushort deviceId = 0x10FB, uint message = EventPort)
    {
        var bench = new ReceiveBench(new IxgbeCardOptions { DeviceId = deviceId, LinkUpDelay = 0 });
        bench.Start(0);
        bench.EnableReceive();
        bench.Bench.Write(ETQF, PtpFilter, 3);
        bench.Bench.Write(RXMTRL, message);
        bench.Bench.Write(TIMINCA, deviceId switch { X550 => 0, X540 => 1, _ => 1u << 24 | 1 });
        bench.Bench.Write(TSAUXC, 0);
        bench.Bench.Write(TSYNCRXCTL, Control(type));
        return bench;
    }

    [Theory]
    [InlineData(0x10FB)]
    [InlineData(X540)]
    public void Section_8_2_3_26_ASyncIsStampedAndTheStampIsHeldUntilItsHighHalfIsRead(int deviceId)
    {
        using var bench = Start(Events, (ushort)deviceId);
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync));
        Assert.Equal(Control(Events) | Valid, bench.Bench.Read(TSYNCRXCTL));
        uint time = bench.Bench.Read(RXSTMPL);
        Assert.InRange(time, 1u, bench.Bench.Read(SYSTIML));
        Assert.NotEqual(0u, bench[0].Status(0) & DescriptorStamp);
        Assert.Equal(0x803u, bench[0].PacketType(0)); // EtherType filter 3
        // The next one: until software has read the first time stamp, no other is taken.
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync));
        Assert.Equal(0u, bench[0].Status(1) & DescriptorStamp);
        Assert.Equal((time, 0u), (bench.Bench.Read(RXSTMPL), bench.Bench.Read(RXSTMPH)));
        Assert.Equal(Control(Events), bench.Bench.Read(TSYNCRXCTL));
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync));
        Assert.NotEqual(0u, bench[0].Status(2) & DescriptorStamp);
        Assert.InRange(bench.Bench.Read(RXSTMPL), time + 1, bench.Bench.Read(SYSTIML));
        Assert.Empty(bench.Rules);
    }

    // 8.2.3.26.4, 8.2.3.26.5: bytes 22 to 27 of the message and its sequence number, as they are on the wire.
    [Fact]
    public void Section_8_2_3_26_TheSourceAndSequenceOfTheStampedPacketAreKept()
    {
        using var bench = Start(Events);
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync, sequence: 0xABCD));
        Assert.Equal((0xA5A4_A3A2u, 0xCDAB_A7A6u), (bench.Bench.Read(RXSATRL), bench.Bench.Read(RXSATRH)));
    }

    public static TheoryData<string, uint, bool> Kinds => new()
    {
        { "sync", L2, true }, { "sync", Version2, true }, { "sync", Events, true }, { "sync", L4Version1, false },
        // Reserved in the 82599
        { "sync", 3, false }, { "sync", All, false }, { "sync", 6, false }, { "sync", 7, false },
        { "delay request", L2, false }, { "delay request", Version2, false }, { "delay request", Events, true },
        { "path delay request", L2, true }, { "path delay request", Events, true },
        { "path delay response", Version2, true },
        { "follow-up", L2, false }, { "follow-up", Version2, false }, { "follow-up", Events, false },
        { "tagged sync", L2, true }, { "tagged sync", Events, true },
        { "udp sync", L2, false }, { "udp sync", L4Version1, false }, { "udp sync", Version2, true },
        { "udp sync", Events, true },
        { "udp delay request", Version2, false }, { "udp delay request", Events, true },
        { "udp6 sync", Version2, true }, { "udp6 sync", Events, true }, { "udp6 sync", L2, false },
        { "udp general port", Version2, false }, { "udp general port", Events, false },
        { "v1 sync", L4Version1, true }, { "v1 sync", Version2, false }, { "v1 sync", Events, false },
        { "v1 delay request", L4Version1, false },
        { "plain", L2, false }, { "plain", Events, false },
    };

    // TSYNCRXCTL.TYPE (8.2.3.26.1); RXMTRL selects version 2's Sync and version 1's.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Section_8_2_3_26_1_TheTypeSaysWhichPacketsAreStamped(string kind, uint type, bool stamped)
    {
        using var bench = Start(type);
        bench.Deliver(kind switch
        {
            "sync" => PtpFrames.Ethernet(PtpFrames.Sync),
            "delay request" => PtpFrames.Ethernet(PtpFrames.DelayRequest),
            "path delay request" => PtpFrames.Ethernet(PtpFrames.PathDelayRequest),
            "path delay response" => PtpFrames.Ethernet(PtpFrames.PathDelayResponse),
            "follow-up" => PtpFrames.Ethernet(PtpFrames.FollowUp),
            "tagged sync" => PtpFrames.Ethernet(PtpFrames.Sync, priority: 4),
            "udp sync" => PtpFrames.Udp(PtpFrames.Sync),
            "udp delay request" => PtpFrames.Udp(PtpFrames.DelayRequest),
            "udp general port" => PtpFrames.Udp(PtpFrames.Sync, port: 320),
            "udp6 sync" => PtpFrames.UdpIPv6(PtpFrames.Sync),
            "v1 sync" => PtpFrames.UdpVersion1(control: 0),
            "v1 delay request" => PtpFrames.UdpVersion1(control: 1),
            _ => ReceiveBench.Frame(),
        });
        Assert.True(bench[0].IsDone(0));
        Assert.Equal(stamped, (bench.Bench.Read(TSYNCRXCTL) & Valid) != 0);
        Assert.Equal(stamped, (bench[0].Status(0) & DescriptorStamp) != 0);
    }

    // 8.2.3.26.6: software selects the message (bits 15:8), the control field (7:0) and the port (31:16).
    [Fact]
    public void Section_8_2_3_26_6_MessageAndPortAreThoseOfRxmtrl()
    {
        using var bench = Start(Version2, message: 1000u << 16 | PtpFrames.DelayRequest << 8);
        bench.Deliver(
            PtpFrames.Udp(PtpFrames.DelayRequest),
            PtpFrames.Udp(PtpFrames.Sync, port: 1000),
            PtpFrames.Udp(PtpFrames.DelayRequest, port: 1000));
        var stamps = Enumerable.Range(0, 3).Select(index => bench[0].Status(index) & DescriptorStamp);
        Assert.Equal([0, 0, DescriptorStamp], stamps);
    }

    // 8.2.3.26.6 resets the port to 0x319, which nobody uses; the X550 resets it to 319.
    [Theory]
    [InlineData(0x10FB, 0x319u << 16)]
    [InlineData(X550, 319u << 16)]
    public void ThePortAfterResetIsWhatTheDatasheetHas(int deviceId, uint expected)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)deviceId });
        Assert.Equal(expected, bench.Read(RXMTRL));
    }

    [Fact]
    public void WithoutTheBitInItsFilterAnEtherTypeIsNotStamped()
    {
        using var bench = Start(Events);
        bench.Bench.Write(ETQF, PtpFilter & ~(1u << 30), 3);
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync));
        Assert.Equal(0u, bench[0].Status(0) & DescriptorStamp);
    }

    [Fact]
    public void WhatTheCardDoesNotTakeOrNobodyAskedForIsNotStamped()
    {
        using var bench = Start(Events);
        byte[] toOthers = PtpFrames.Ethernet(PtpFrames.Sync);
        toOthers[5] ^= 1;
        bench.Deliver(toOthers);
        bench.Bench.TestWire.Deliver(PtpFrames.Ethernet(PtpFrames.Sync), FrameErrors.Crc);
        bench.Bench.Run();
        Assert.Equal(Control(Events), bench.Bench.Read(TSYNCRXCTL));
        bench.Bench.Write(TSYNCRXCTL, Events << 1);
        bench.Deliver(PtpFrames.Ethernet(PtpFrames.Sync));
        Assert.Equal(Events << 1, bench.Bench.Read(TSYNCRXCTL));
        Assert.Equal(0u, bench[0].Status(0) & DescriptorStamp);
    }

    // X550 datasheet 7.7.3.2.2: all packets are stamped, and the registers follow each of them.
    [Fact]
    public void TheX550StampsAllPacketsAndHoldsNone()
    {
        using var bench = Start(All, X550);
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame());
        ulong first = bench.Bench.Read(RXSTMPL);
        bench.Deliver(ReceiveBench.Frame());
        Assert.InRange(bench.Bench.Read(RXSTMPL), first + 1, bench.Bench.Read(SYSTIML));
        for (int index = 0; index < 3; index++)
            Assert.Equal(DescriptorStamp, bench[0].Status(index) & (DescriptorStamp | DescriptorStampInPacket));
    }

    // X550 datasheet 7.1.6.2: eight bytes after the packet, included in its length. Untagged, and by priority.
    [Fact]
    public void TheX550PutsStampsBehindPackets()
    {
        using var bench = Start(All, X550);
        bench.Bench.Write(SYSTIMH, 7); // seconds
        bench.Bench.Write(TSYNCRXCTL, All << 1 | Untagged | 1u << 24 + 4);
        byte[] plain = ReceiveBench.Frame(70), tagged = PtpFrames.Ethernet(PtpFrames.Sync, priority: 4);
        bench.Deliver(plain, tagged, PtpFrames.Ethernet(PtpFrames.Sync, priority: 3));
        byte[][] received = [.. Enumerable.Range(0, 3).Select(bench[0].Data)];
        Assert.Equal([70 + 8, tagged.Length + 8, tagged.Length], received.Select(data => data.Length));
        Assert.Equal(plain, received[0][..70]);
        Assert.Equal(tagged, received[1][..^8]);
        foreach (byte[] data in received[..2])
        {
            ulong stamp = BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(data.Length - 8));
            Assert.Equal(7u, stamp >> 32);
            Assert.InRange((uint)stamp, 1u, bench.Bench.Read(SYSTIML));
        }
        Assert.Equal([DescriptorStampInPacket, DescriptorStampInPacket, 0],
            Enumerable.Range(0, 3)
            .Select(index => bench[0].Status(index) & (DescriptorStamp | DescriptorStampInPacket)));
        Assert.Equal(0u, bench.Bench.Read(TSYNCRXCTL) & Valid);
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void OnlyTheX550PutsStampsBehindPackets()
    {
        using var bench = Start(Events);
        bench.Bench.Write(TSYNCRXCTL, Control(Events) | Untagged);
        bench.Deliver(ReceiveBench.Frame(70));
        Assert.Equal(70, bench[0].Length(0));
        Assert.Equal(Control(Events), bench.Bench.Read(TSYNCRXCTL));
    }

    // X550 datasheet 7.1.1.2
    [Fact]
    public void AStampBehindThePacketAsksForCrcStrip()
    {
        using var bench = Start(All, X550);
        uint control = bench.Bench.Read(IxgbeRegisters.HLREG0);
        bench.Bench.Write(IxgbeRegisters.HLREG0, control & ~IxgbeRegisters.HLREG0_.RxCrcStrip);
        bench.Bench.Write(TSYNCRXCTL, All << 1 | Untagged);
        Assert.Equal(["stamp-behind-fcs"], bench.Rules);
    }
}
