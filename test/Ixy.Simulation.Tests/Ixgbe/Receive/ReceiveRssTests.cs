using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Receive;
using static Ixy.Testing.Cards.TestPackets;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Receive side scaling (datasheet 7.1.2.8), with Microsoft's published verification vectors.</summary>
public sealed class ReceiveRssTests
{
    private const uint TcpIPv4 = 1u << 16, IPv4Hash = 1u << 17, IPv6Hash = 1u << 20, TcpIPv6 = 1u << 21,
        UdpIPv4 = 1u << 22, UdpIPv6 = 1u << 23;
    private const uint All = TcpIPv4 | IPv4Hash | IPv6Hash | TcpIPv6 | UdpIPv4 | UdpIPv6;

    [Theory]
    [MemberData(nameof(ToeplitzVectors.All), MemberType = typeof(ToeplitzVectors))]
    public void TheHashIsMicrosofts(
        string source, int sourcePort, string destination, int destinationPort, uint withoutPorts, uint withPorts)
    {
        byte[] Packet(byte protocol)
        {
            var segment = Segment(protocol, (ushort)sourcePort, (ushort)destinationPort);
            return source.Contains(':') ? IPv6(protocol, segment, source: source, destination: destination)
                : IPv4(protocol, segment, source, destination);
        }
        using var bench = Bench(All);
        bench.Deliver(Packet(Tcp), Packet(Udp), Packet(Sctp));
        uint[] types = source.Contains(':') ? [3, 8, 5] : [1, 7, 2];
        uint[] hashes = [withPorts, withPorts, withoutPorts];
        for (int i = 0; i < 3; i++)
        {
            var ring = bench[(int)Queue(hashes[i])];
            int index = Enumerable.Range(0, 3).First(entry => ring.IsDone(entry) && ring.RssType(entry) == types[i]);
            Assert.Equal(hashes[i], ring.Hash(index));
        }
    }

    [Theory] // 7.1.2.8.1: a type that is not enabled falls back to the addresses alone, or to no hash at all
    [InlineData(IPv4Hash | IPv6Hash, 2, 5)]
    [InlineData(TcpIPv4 | TcpIPv6, 1, 3)]
    [InlineData(UdpIPv4 | UdpIPv6, 0, 0)]
    [InlineData(0u, 0, 0)]
    public void OnlyEnabledTypesAreHashed(uint types, uint type4, uint type6)
    {
        using var bench = Bench(types, queues: 1);
        bench.Deliver(IPv4(Tcp, Segment(Tcp)), IPv6(Tcp, Segment(Tcp)));
        Assert.Equal((type4, type6), (bench[0].RssType(0), bench[0].RssType(1)));
        Assert.Equal((type4 != 0, type6 != 0), (bench[0].Hash(0) != 0, bench[0].Hash(1) != 0));
    }

    [Fact] // 7.1.2.8.1: fragments are hashed by address; non-IP frames go to queue 0 without a hash
    public void FragmentsHaveNoPorts()
    {
        using var bench = Bench(All, queues: 1);
        bench.Deliver(IPv4(Tcp, Segment(Tcp), fragment: 0x2000), ReceiveBench.Frame());
        Assert.Equal((2u, 0u), (bench[0].RssType(0), bench[0].RssType(1)));
        Assert.Equal(0u, bench[0].Hash(1));
    }

    [Fact] // 8.2.3.7.5: with RXCSUM.PCSD clear the hash still chooses the queue, but is not reported
    public void TheHashIsReportedInPlaceOfTheFragmentChecksumOnly()
    {
        using var bench = Bench(All);
        bench.Bench.Write(0x05000, 0);
        bench.Deliver(IPv4(Tcp, Segment(Tcp, 2794, 1766)));
        var ring = bench[(int)Queue(0x51ccc178)];
        Assert.True(ring.IsDone(0));
        Assert.Equal((1u, 0u), (ring.RssType(0), ring.Hash(0)));
    }

    [Fact] // 8.2.3.7.13: the seven low hash bits select one of 128 entries of four bits
    public void TheRedirectionTableMapsHashesToQueues()
    {
        using var bench = Bench(All);
        int entry = 0x51ccc178 & 0x7F;
        bench.Bench.Write(IxgbeFeatureRegisters.RETA, 0xFFFF_FFFF, entry / 4);
        bench.Deliver(IPv4(Tcp, Segment(Tcp, 2794, 1766)));
        Assert.True(bench[15].IsDone(0));
    }

    [Fact] // 8.2.3.7.12: modes with pools are reported as not available
    public void OtherModesAreReported()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeFeatureRegisters.MRQC, 0xA);
        Assert.Equal(["not-modelled"], bench.Rules);
        bench.Deliver(ReceiveBench.Frame());
        Assert.True(bench[0].IsDone(0));
    }

    [Fact]
    public void TheTablesAgreeWithTheDefinitionBitByBit()
    {
        var bytes = Gen.Choose(0, 255).Select(value => (byte)value);
        var input = from key in bytes.ArrayOf(RssHash.KeyLength)
                    from length in Gen.Choose(0, RssHash.LongestInput)
                    from data in bytes.ArrayOf(length)
                    from cut in Gen.Choose(0, length)
                    select (key, data, cut);
        Prop.ForAll(Arb.From(input), sample =>
        {
            var hash = new RssHash();
            hash.SetKey(sample.key);
            uint inPieces = hash.Add(sample.data.AsSpan(0, sample.cut)) ^ hash.Add(
                sample.data.AsSpan(sample.cut), sample.cut);
            return inPieces == Toeplitz(sample.key, sample.data);
        }).QuickCheckThrowOnFailure();
    }

    // For each set bit of the input, from first to last: the leftmost 32 bits of the key, shifted left by the bit's
    // position.
    private static uint Toeplitz(byte[] key, byte[] input)
    {
        uint result = 0;
        for (int bit = 0; bit < input.Length * 8; bit++)
        {
            if ((input[bit / 8] >> (7 - bit % 8) & 1) == 0) continue;
            for (int i = 0; i < 32; i++)
            {
                int place = bit + i;
                if (place < key.Length * 8 && (key[place / 8] >> (7 - place % 8) & 1) != 0) result ^= 1u << (31 - i);
            }
        }
        return result;
    }

    private static uint Queue(uint hash) => (hash & 0x7F) % 16;

    private static ReceiveBench Bench(uint types, int queues = 16)
    {
        var bench = new ReceiveBench();
        byte[] key = Convert.FromHexString(ToeplitzVectors.Key);
        for (int i = 0; i < 10; i++)
            bench.Bench.Write(
                IxgbeFeatureRegisters.RSSRK, BinaryPrimitives.ReadUInt32LittleEndian(key.AsSpan(i * 4)), i);
        for (int i = 0; i < 128; i++)
        {
            uint entries = bench.Bench.Read(IxgbeFeatureRegisters.RETA, i / 4)
                | Queue((uint)i) % (uint)queues << i % 4 * 8;
            bench.Bench.Write(IxgbeFeatureRegisters.RETA, entries, i / 4);
        }
        bench.Bench.Write(0x05000, 1 << 13); // RXCSUM.PCSD
        bench.Bench.Write(IxgbeFeatureRegisters.MRQC, types | IxgbeFeatureRegisters.MRQC_.RssOnly);
        for (int queue = 0; queue < queues; queue++) bench.Start(queue, entries: 8);
        bench.EnableReceive();
        return bench;
    }
}
