using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Simulation.Ixgbe;
using Ixy.Vfio;
using static Ixy.Testing.Cards.TestPackets;

namespace Ixy.Tests;

/// <summary>
/// RSS through our driver: the hashes that Microsoft published for verification arrive in <see cref="Packet.RssHash"/>,
/// and flows stay in their queues. <c>ReceiveRssTests</c> covers what the model writes into descriptors.
/// </summary>
public sealed class RssTests
{
    private const ushort Card82599 = 0x10FB, X550 = 0x1563;

    [Theory]
    [MemberData(nameof(ToeplitzVectors.All), MemberType = typeof(ToeplitzVectors))]
    public void ThePublishedHashesAreThePackets(
        string source, int sourcePort, string destination, int destinationPort, uint withoutPorts, uint withPorts)
    {
        byte[] tcp = Make(Tcp, source, sourcePort, destination, destinationPort),
            udp = Make(Udp, source, sourcePort, destination, destinationPort);
        byte[] sctp = Make(Sctp, source, sourcePort, destination, destinationPort);
        using var bench = Bench(4, new());
        Assert.Equal(
            [(Queue(withPorts), withPorts), (Queue(withPorts), withPorts), (Queue(withoutPorts), withoutPorts)],
            new[] { tcp, udp, sctp }.Select(frame => Deliver(bench, frame)));

        // Hash types without ports are enough for the published hashes without ports.
        using var addresses = Bench(1, new() { HashTypes = RssHashTypes.IPv4 | RssHashTypes.IPv6 });
        Assert.Equal((0, withoutPorts), Deliver(addresses, tcp));
        using var none = Bench(1, new() { HashTypes = RssHashTypes.None });
        Assert.Equal((0, 0u), Deliver(none, tcp));

        static int Queue(uint hash) => (int)(hash % 4);
    }

    [Theory]
    [InlineData(RssHashTypes.IPv4, false)]
    [InlineData(RssHashTypes.TcpIPv4, false)]
    [InlineData(RssHashTypes.UdpIPv4, false)]
    [InlineData(RssHashTypes.IPv6, true)]
    [InlineData(RssHashTypes.TcpIPv6, true)]
    [InlineData(RssHashTypes.UdpIPv6, true)]
    public void EachHashTypeIsTheOneThatIsMeant(RssHashTypes type, bool isIPv6)
    {
        using var bench = Bench(1, new() { HashTypes = type });
        foreach (byte protocol in new[] { Tcp, Udp, Sctp })
        {
            bool takesProtocol = protocol switch
            {
                Tcp => (type & (RssHashTypes.TcpIPv4 | RssHashTypes.TcpIPv6)) != 0,
                Udp => (type & (RssHashTypes.UdpIPv4 | RssHashTypes.UdpIPv6)) != 0,
                _ => false,
            };
            bool isHashed = takesProtocol || (type & (RssHashTypes.IPv4 | RssHashTypes.IPv6)) != 0;
            byte[] right = Flow(1, isIPv6, protocol), wrong = Flow(1, !isIPv6, protocol);
            Assert.Equal((type, protocol, isHashed), (type, protocol, Deliver(bench, right).Hash != 0));
            Assert.Equal(0u, Deliver(bench, wrong).Hash);
        }
    }

    [Theory]
    [InlineData(false, Card82599)]
    [InlineData(true, Card82599)]
    [InlineData(false, X550)]
    public void AThousandFlowsSpreadEvenlyAndEachKeepsItsQueueAndItsOrder(bool isIPv6, ushort deviceId)
    {
        const int Flows = 1000, PerFlow = 4, Queues = 4;
        using var bench = Bench(Queues, rss: null, deviceId);
        var queueOf = new Dictionary<int, int>();
        var seen = new Dictionary<int, int>();
        var perQueue = new int[Queues];
        for (int round = 0; round < PerFlow; round++)
        {
            foreach (int[] portion in Enumerable.Range(0, Flows).Chunk(50))
            {
                bench.Wire.Deliver(portion.Select(flow => Numbered(flow, isIPv6, round)));
                foreach (var (queue, frame) in Receive(bench, portion.Length))
                {
                    var (flow, number) = (
                        BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(frame.Length - 4)), frame[^1]);
                    if (queueOf.TryAdd(flow, queue)) perQueue[queue]++;
                    Assert.Equal((flow, queueOf[flow]), (flow, queue));
                    Assert.Equal((flow, seen.GetValueOrDefault(flow)), (flow, number));
                    seen[flow] = number + 1;
                }
            }
        }
        Assert.Equal(Flows, queueOf.Count);
        Assert.All(perQueue, flows => Assert.InRange(flows, Flows / Queues * 0.8, Flows / Queues * 1.2));
    }

    [Fact]
    public void BothDirectionsOfAFlowMeetWithTheSymmetricKey()
    {
        using var symmetric = Bench(4, new() { Key = RssOptions.SymmetricKey });
        using var common = Bench(4, new());
        int apart = 0;
        var queues = new HashSet<int>();
        var flows = from isIPv6 in Gen.Elements(false, true)
                    from protocol in Gen.Elements(Tcp, Udp, Sctp)
                    from addresses in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(32)
                    from ports in Gen.Choose(0, 65535).ArrayOf(2)
                    select (isIPv6, protocol, addresses, ports);
        Prop.ForAll(Arb.From(flows), flow =>
        {
            var (isIPv6, protocol, addresses, ports) = flow;
            int length = isIPv6 ? 16 : 4;
            string left = new System.Net.IPAddress(addresses[..length]).ToString(),
                right = new System.Net.IPAddress(addresses[16..(16 + length)]).ToString();
            byte[] there = Make(protocol, left, ports[0], right, ports[1]),
                back = Make(protocol, right, ports[1], left, ports[0]);
            var (first, second) = (Deliver(symmetric, there), Deliver(symmetric, back));
            queues.Add(first.Queue);
            if (Deliver(common, there) != Deliver(common, back)) apart++;
            return first == second;
        }).QuickCheckThrowOnFailure();
        // Not everything goes to one queue, and not just any key would do.
        Assert.True(apart > 50, $"only {apart} of 100 flows differ in their directions' hashes with the usual key");
        Assert.Equal(4, queues.Count);
    }

    [Fact]
    public void TheIndirectionTableSaysWhichQueue()
    {
        // Indexed by the low three bits of the hash; queue 1 gets nothing.
        int[] table = [3, 3, 0, 2, 2, 0, 3, 0];
        using var bench = Bench(4, new() { IndirectionTable = table });
        for (int flow = 0; flow < 200; flow++)
        {
            var (queue, hash) = Deliver(bench, Flow(flow, isIPv6: flow % 2 == 0, Udp));
            Assert.Equal(table[hash % 8], queue);
        }
    }

    [Theory]
    [InlineData(Card82599)]
    [InlineData(X550)]
    public void SixteenQueuesAreUsedAndNoMore(ushort deviceId)
    {
        using var bench = Bench(20, rss: null, deviceId);
        var queues = Enumerable.Range(0, 400).Select(flow => Deliver(bench, Flow(flow, isIPv6: false, Udp)).Queue)
            .Distinct();
        Assert.Equal(Enumerable.Range(0, 16), queues.Order());
    }

    [Fact]
    public void WithoutRssThereIsNoHash()
    {
        using var bench = Bench(1, rss: null);
        Assert.Equal((0, 0u), Deliver(bench, Flow(7, isIPv6: false, Tcp)));
    }

    // Virtio 1.2, 5.1.6.5.7.1, byte by byte: struct virtio_net_rss_config. A test in a guest shows that a device obeys.
    [Fact]
    public void WhatAVirtioDeviceIsToldIsLaidOutAsTheSpecificationHasIt()
    {
        byte[] key = [.. Enumerable.Range(1, 40).Select(value => (byte)value)];
        var options =
            new RssOptions
            {
                Key = key,
                HashTypes = RssHashTypes.TcpIPv4 | RssHashTypes.UdpIPv6,
                IndirectionTable = [2, 0, 1, 2]
            };
        byte[] expected =
        [
            0x22, 0, 0, 0, // hash_types: TCPv4 is bit 1, UDPv6 bit 5
            127, 0, // indirection_table_mask
            0, 0, // unclassified_queue
            .. Enumerable.Repeat((byte[])[2, 0, 0, 0, 1, 0, 2, 0], 32).SelectMany(four => four),
            3, 0, // max_tx_vq
            40, .. key,
        ];
        Assert.Equal(expected, Ixy.Virtio.VirtioDevice.RssCommand(options, queuePairs: 3));
    }

    [Fact]
    public void AVirtioDeviceThatHasNoRssSaysSo()
    {
        var error = Assert.Throws<FeatureNotOfferedException>(() =>
            new DriverBench(new() { Rss = new() }, new Ixy.Simulation.Virtio.VirtioCardOptions()));
        Assert.Contains("VIRTIO_NET_F_RSS", error.Message);
        Assert.Contains("rss=on", error.Message);
    }

    private static DriverBench Bench(int queues, RssOptions? rss, ushort deviceId = Card82599) => new(
        DriverBench.Defaults with { ReceiveQueues = queues, RingSize = 64, PoolSize = 256, Rss = rss },
        new IxgbeCardOptions { DeviceId = deviceId });

    private static (int Queue, uint Hash) Deliver(DriverBench bench, byte[] frame)
    {
        bench.Wire.Deliver(frame);
        (int, uint) result = default;
        var packet = new Packet[1];
        DriverBench.Until(() =>
        {
            for (int queue = 0; queue < bench.Device.ReceiveQueues.Count; queue++)
            {
                if (bench.Device.ReceiveQueues[queue].Receive(packet) == 0) continue;
                Assert.Equal(frame, packet[0].Data.ToArray());
                result = (queue, packet[0].RssHash);
                packet[0].Free();
                return true;
            }
            return false;
        }, "the frame");
        return result;
    }

    private static List<(int Queue, byte[] Frame)> Receive(DriverBench bench, int count)
    {
        var frames = new List<(int, byte[])>();
        var packets = new Packet[8];
        DriverBench.Until(() =>
        {
            for (int queue = 0; queue < bench.Device.ReceiveQueues.Count; queue++)
            {
                int received = bench.Device.ReceiveQueues[queue].Receive(packets);
                foreach (var packet in packets.AsSpan(0, received)) frames.Add((queue, packet.Data.ToArray()));
                PacketPool.Free(packets.AsSpan(0, received));
            }
            return frames.Count >= count;
        }, $"{count} frames");
        return frames;
    }

    private static byte[] Make(byte protocol, string source, int sourcePort, string destination, int destinationPort)
    {
        var segment = Segment(protocol, (ushort)sourcePort, (ushort)destinationPort);
        return source.Contains(':') ? IPv6(protocol, segment, source: source, destination: destination)
            : IPv4(protocol, segment, source, destination);
    }

    // One of many clients, one of its ports, and a server.
    private static byte[] Flow(int flow, bool isIPv6, byte protocol) => isIPv6
        ? Make(protocol, $"2001:db8::{flow % 250 + 1:x}", 1024 + flow * 7, "2001:db8:1::1", 443)
        : Make(protocol, $"10.1.{flow / 250}.{flow % 250 + 1}", 1024 + flow * 7, "10.2.0.1", 443);

    private static byte[] Numbered(int flow, bool isIPv6, int round)
    {
        byte[] frame = Flow(flow, isIPv6, flow % 2 == 0 ? Tcp : Udp);
        // After the headers; the card reports a wrong checksum but still receives the frame.
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(frame.Length - 4), (ushort)flow);
        frame[^1] = (byte)round;
        return frame;
    }
}
