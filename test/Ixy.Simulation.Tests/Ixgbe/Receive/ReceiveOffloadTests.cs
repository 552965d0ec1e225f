using System.Buffers.Binary;
using Ixy.Ixgbe;
using static Ixy.Testing.Cards.TestPackets;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>
/// Packet types, checksums, CRC and VLAN strip, header split (datasheet 7.1.6.2, 7.1.10, 7.1.11, 8.2.3.8).
/// </summary>
public sealed class ReceiveOffloadTests
{
    private const uint Ip = 1u << 6, L4 = 1u << 5, UdpCs = 1u << 4, IpError = 1u << 31, L4Error = 1u << 30;

    // Hop-by-hop options; a routing header with one segment left; destination options with a home address; a fragment.
    private static readonly byte[] s_hopByHop = [Tcp, 0, 1, 4, 0, 0, 0, 0], s_routing = [Tcp, 0, 2, 1, 0, 0, 0, 0],
        s_home = [Tcp, 0, 0xC9, 4, 0, 0, 0, 0], s_fragment = [Tcp, 0, 0, 1, 0, 0, 0, 9];

    [Theory] // 7.1.6.2: packet type and status bits; 7.1.11: what is checked
    [InlineData("tcp4", 0x11, Ip | L4)]
    [InlineData("tcp4 options", 0x13, Ip | L4)]
    [InlineData("udp4", 0x21, Ip | L4 | UdpCs)]
    [InlineData("udp4 no checksum", 0x21, Ip)]
    [InlineData("sctp4", 0x41, Ip | L4)]
    [InlineData("icmp4", 0x01, Ip)]
    [InlineData("fragment4", 0x01, Ip)]
    [InlineData("tcp6", 0x14, L4)]
    [InlineData("udp6", 0x24, L4 | UdpCs)]
    [InlineData("tcp6 hop-by-hop", 0x1C, L4)]
    [InlineData("tcp6 routing", 0x1C, 0)]
    [InlineData("tcp6 home", 0x1C, 0)]
    [InlineData("tcp6 home behind padding", 0x1C, 0)]
    [InlineData("tcp6 home behind single bytes", 0x1C, 0)]
    [InlineData("tcp6 padding only", 0x1C, L4)]
    [InlineData("fragment6", 0x0C, 0)]
    [InlineData("tcp6 in ip4", 0x15, Ip | L4)]
    [InlineData("tcp4 snap", 0x11, Ip | L4)]
    [InlineData("other", 0, 0)]
    public void HeadersAreRecognisedAndChecked(string kind, uint type, uint status)
    {
        using var bench = ReceiveBench.Receiving();
        bench.Deliver(Packet(kind), Tagged(Packet(kind), 7));
        Assert.Equal((type, status | 3), (bench[0].PacketType(0), bench[0].Status(0)));
        Assert.Equal((type, status | 3 | 8), (bench[0].PacketType(1), bench[0].Status(1)));
        Assert.Equal(0ul, bench.Statistics.XEC);
    }

    [Theory] // 7.1.6.2: IPE and L4E; 8.2.3.23: XEC
    [InlineData("tcp4", 24, Ip | L4 | IpError)]
    [InlineData("tcp4", 60, Ip | L4 | L4Error)]
    [InlineData("udp4", 55, Ip | L4 | UdpCs | L4Error)]
    [InlineData("sctp4", 60, Ip | L4 | L4Error)]
    [InlineData("tcp6", 90, L4 | L4Error)]
    [InlineData("udp6", 80, L4 | UdpCs | L4Error)]
    [InlineData("udp6 no checksum", 80, L4 | UdpCs | L4Error)] // RFC 8200, 8.1: mandatory over IPv6
    public void AChangedByteIsAChecksumError(string kind, int position, uint status)
    {
        using var bench = ReceiveBench.Receiving();
        byte[] frame = Packet(kind);
        frame[position] ^= 0x10;
        bench.Deliver(frame);
        Assert.Equal(status | 3, bench[0].Status(0));
        Assert.Equal(1ul, bench.Statistics.XEC);
    }

    [Theory] // long and odd payloads: the vectorized part of the sum and its remainder
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1001)]
    [InlineData(1440)]
    public void ChecksumsHoldForEveryLength(int payload)
    {
        using var bench = ReceiveBench.Receiving();
        bench.Deliver(
            IPv4(Tcp, Segment(Tcp, payload: payload)), IPv4(Sctp, Segment(Sctp, payload: payload)),
            IPv6(Udp, Segment(Udp, payload: payload - 1)));
        Assert.Equal([Ip | L4 | 3, Ip | L4 | 3, L4 | UdpCs | 3], Enumerable.Range(0, 3).Select(bench[0].Status));
    }

    [Fact] // 8.2.3.7.5 RXCSUM.IPPCSE with PCSD clear, 7.1.11.3: checksum of UDP fragments, UDPV
    public void FragmentsOfUdpReportTheirChecksum()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x05000, 1 << 12);
        byte[] first = Segment(Udp);
        first[6] = 0x12;
        byte[] rest = [1, 2, 3, 4, 5];
        bench.Deliver(
            IPv4(Udp, first, fragment: 0x2000, checksum: false),
            IPv4(Udp, rest, fragment: 4, checksum: false, id: 0x1234));
        Assert.Equal((uint)Checksum(first) << 16 | 0x1234, bench[0].Hash(0));
        Assert.Equal((uint)Checksum(rest) << 16 | 0x1234, bench[0].Hash(1));
        Assert.Equal((Ip | 1u << 10 | 3, Ip | 3), (bench[0].Status(0), bench[0].Status(1)));
    }

    [Theory] // 8.2.3.8.8, 8.2.3.22.8: without CRC strip, the FCS is stored and counts in the length
    [InlineData(60)]
    [InlineData(1513)]
    public void WithoutCrcStripTheFrameEndsWithItsFcs(int length)
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(
            IxgbeRegisters.HLREG0, bench.Bench.Read(IxgbeRegisters.HLREG0) & ~IxgbeRegisters.HLREG0_.RxCrcStrip);
        byte[] frame = ReceiveBench.Frame(length);
        bench.Deliver(frame);
        byte[] received = bench[0].Data(0);
        Assert.Equal(frame, received[..^4]);
        Assert.Equal(Crc(frame, 0xEDB8_8320), BinaryPrimitives.ReadUInt32LittleEndian(received.AsSpan(length)));
    }

    [Fact] // 7.4.3, 8.2.3.8.6 RXDCTL.VME: the tag goes to the descriptor
    public void VlanStripMovesTheTagToTheDescriptor()
    {
        using var bench = ReceiveBench.Receiving();
        byte[] frame = IPv4(Udp, Segment(Udp));
        bench.Deliver(Tagged(frame, 0xA064));
        Assert.Equal((0, frame.Length + 4), (bench[0].VlanTag(0), bench[0].Length(0)));
        bench.Bench.Write(IxgbeRegisters.RXDCTL, IxgbeRegisters.RXDCTL_.Enable | IxgbeRegisters.RXDCTL_.VlanStrip);
        bench.Deliver(Tagged(frame, 0xA064), frame);
        Assert.Equal(frame, bench[0].Data(1));
        Assert.Equal((0xA064, 0), (bench[0].VlanTag(1), bench[0].VlanTag(2)));
        Assert.Equal((8u, 0u), (bench[0].Status(1) & 8, bench[0].Status(2) & 8));
        Assert.Empty(bench.Violations);
    }

    [Theory] // 7.1.10, 8.2.3.7.4: header split by PSRTYPE; 42 bytes of headers with UDP and 34 with IPv4
    [InlineData(2, 1u << 5, "udp4", 42)]
    [InlineData(2, 1u << 8, "udp4", 34)]
    [InlineData(2, 1u << 12, "udp4", 14)]
    [InlineData(2, 1u << 4, "tcp6", 74)]
    [InlineData(2, 1u << 4, "udp4", 0)]
    [InlineData(5, 1u << 5, "udp4", 42)]
    public void HeadersGoToTheHeaderBuffer(uint type, uint split, string kind, int headerLength)
    {
        using var bench = ReceiveBench.Receiving(type << 25 | 4 << 8 | 2);
        bench.Bench.Write(0x0EA00, split);
        byte[] frame = Packet(kind);
        bench.Deliver(frame);
        Assert.Equal(frame[headerLength..], bench[0].Data(0));
        Assert.Equal(frame[..headerLength], bench[0].Header(0, headerLength));
        Assert.Equal((uint)headerLength << 21 | (headerLength > 0 ? 1u << 31 : 0), (uint)bench[0].Low(0) & 0xFFE0_0000);
    }

    [Theory] // 7.1.10: what cannot be split fills the header buffer first with DESCTYPE 5; HBO if a header does not fit
    [InlineData(5, 0, 60, 60, 60u << 21, 0)]
    [InlineData(5, 0, 1000, 64, 64u << 21, 0)]
    [InlineData(2, 1u << 4, 0, 0, 74u << 21 | 1u << 31, 1u << 23)]
    [InlineData(5, 1u << 4, 0, 64, 74u << 21 | 1u << 31, 1u << 23)]
    public void HeaderBuffersThatAreTooShortOrAlwaysUsed(
        uint type, uint split, int length, int inHeader, uint info, uint error)
    {
        using var bench = ReceiveBench.Receiving(type << 25 | 1 << 8 | 2);
        bench.Bench.Write(0x0EA00, split);
        byte[] frame = length == 0 ? Packet("tcp6") : ReceiveBench.Frame(length);
        bench.Deliver(frame);
        Assert.Equal(frame[inHeader..], bench[0].Data(0));
        Assert.Equal(frame[..inHeader], bench[0].Header(0, inHeader));
        Assert.Equal(info, (uint)bench[0].Low(0) & 0xFFE0_0000);
        Assert.Equal(error, bench[0].Status(0) & 1u << 23);
    }

    [Fact] // 7.1.5: status and errors of a legacy descriptor
    public void ALegacyDescriptorReportsChecksumErrors()
    {
        using var bench = ReceiveBench.Receiving(split: 2);
        byte[] frame = Packet("udp4");
        frame[^1] ^= 1;
        bench.Deliver(frame);
        Assert.Equal(0x40_73u, bench[0].High(0) >> 32 & 0xFFFF);
    }

    private static byte[] Packet(string kind) => kind switch
    {
        "tcp4" => IPv4(Tcp, Segment(Tcp)),
        "tcp4 options" => IPv4(Tcp, Segment(Tcp), options: 8),
        "udp4" => IPv4(Udp, Segment(Udp)),
        "udp4 no checksum" => IPv4(Udp, Segment(Udp), checksum: false),
        "sctp4" => IPv4(Sctp, Segment(Sctp)),
        "icmp4" => IPv4(Icmp, new byte[30]),
        "fragment4" => IPv4(Tcp, Segment(Tcp), fragment: 0x2000),
        "tcp6" => IPv6(Tcp, Segment(Tcp)),
        "udp6" => IPv6(Udp, Segment(Udp)),
        "udp6 no checksum" => WithoutChecksum(IPv6(Udp, Segment(Udp))),
        "tcp6 hop-by-hop" => IPv6(Tcp, Segment(Tcp), s_hopByHop),
        "tcp6 routing" => IPv6(Tcp, Segment(Tcp), s_routing, firstHeader: 43),
        "tcp6 home" => IPv6(Tcp, Segment(Tcp), s_home, firstHeader: 60),
        // At 8n + 6, as RFC 6275 requires, after padding of several bytes or of single ones. Nothing inside padding is
        // an option.
        "tcp6 home behind padding" =>
            IPv6(Tcp, Segment(Tcp), [Tcp, 2, 1, 2, 0, 0, 0xC9, 16, .. new byte[16]], firstHeader: 60),
        "tcp6 home behind single bytes" =>
        IPv6(Tcp, Segment(Tcp), [Tcp, 2, 0, 0, 0, 0, 0xC9, 16, .. new byte[16]], firstHeader: 60),
        "tcp6 padding only" => IPv6(Tcp, Segment(Tcp), [Tcp, 0, 1, 4, 0xC9, 0xC9, 0xC9, 0xC9], firstHeader: 60),
        "fragment6" => IPv6(Tcp, Segment(Tcp), s_fragment, firstHeader: 44),
        "tcp6 in ip4" => IPv4(41, IPv6(Tcp, Segment(Tcp))[14..]),
        "tcp4 snap" => Snap(IPv4(Tcp, Segment(Tcp))),
        _ => ReceiveBench.Frame(),
    };

    private static byte[] WithoutChecksum(byte[] udp6)
    {
        udp6.AsSpan(14 + 40 + 6, 2).Clear();
        return udp6;
    }

    private static byte[] Snap(byte[] frame)
    {
        int length = frame.Length - 14 + 8;
        return [.. frame[..12], (byte)(length >> 8), (byte)length, 0xAA, 0xAA, 3, 0, 0, 0, .. frame[12..]];
    }
}
