using System.Reflection;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Ixgbe.Transmit;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>Every rule of the transmit path, broken on purpose (design D7).</summary>
public sealed class TransmitRuleTests
{
    private const uint Quiet = Tx.Eop | Tx.Ifcs;

    // A way to break each rule; everything else that it does is valid.
    private static readonly Dictionary<string, Action<TransmitBench>> s_provocations = new()
    {
        ["tail-while-disabled"] = bench =>
        {
            bench.AddQueue(enable: false);
            bench.Write(TDT, 3);
        },
        ["tail-beyond-ring"] = bench =>
        {
            bench.AddQueue(size: 8);
            bench.Write(TDT, 8);
        },
        ["tail-overtakes-head"] = bench =>
        {
            var ring = bench.AddQueue(size: 8);
            bench.Write(RTTDCS, bench.Read(RTTDCS) | RTTDCS_.ArbiterDisable);
            for (int index = 0; index < 5; index++) ring.PutFrame(TransmitFrames.Make(60));
            bench.Write(TDT, 5);
            bench.Write(TDT, 4);
        },
        ["tail-inside-packet"] = bench =>
        {
            var ring = bench.AddQueue();
            ring.Put(bench.Place(TransmitFrames.Make(100)), Tx.Data | Tx.Ifcs | 100, 200 << 14);
            ring.Send();
        },
        ["head-while-enabled"] = bench =>
        {
            bench.AddQueue();
            bench.Write(TDH, 2);
        },
        ["ring-unaligned"] = bench => bench.Write(TDBAL, 0x1040),
        ["ring-length"] = bench => bench.Write(TDLEN, 100 * 16),
        ["queue-enabled-without-ring"] = bench => bench.Write(TXDCTL, TXDCTL_.Enable, 1),
        ["ring-changed-while-enabled"] = bench =>
        {
            bench.AddQueue(1);
            bench.Write(TDLEN, 256, 1);
        },
        ["queue-enabled-before-transmit"] = bench =>
        {
            bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~DMATXCTL_.Enable);
            bench.AddQueue(1);
        },
        ["queue-disabled-before-empty"] = bench =>
        {
            var ring = bench.AddQueue();
            ring.PutFrame(TransmitFrames.Make(60));
            bench.Write(TDT, 1);
            bench.Write(TXDCTL, 0);
        },
        ["transmit-disabled-before-queues"] = bench =>
        {
            bench.AddQueue(1);
            bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~DMATXCTL_.Enable);
        },
        ["queue-outside-mode"] = bench => bench.AddQueue(64),
        ["queue-mode"] = bench => bench.WriteStopped(MTQC, MTQC_.Pools | MTQC_.Count11),
        ["thresholds"] = bench => bench.AddQueue(thresholds: TransmitBench.WriteBackThreshold(8) | 1 << 8 | 33),
        ["host-threshold"] = bench => bench.AddQueue(thresholds: 32),
        ["head-write-back-threshold"] = bench => AddHeadWriteBack(bench, 0, TransmitBench.WriteBackThreshold(1)),
        ["head-write-back-unaligned"] = bench => AddHeadWriteBack(bench, 8, 0),
        ["head-write-back-order"] = bench => AddHeadWriteBack(bench, 0, 0, relaxed: true),
        ["report-inside-packet"] = bench => SendInTwo(bench, Tx.Data | Tx.Ifcs | Tx.Rs, Tx.Data | Tx.Eop | Tx.Rs),
        ["report-with-threshold"] = bench =>
        {
            var ring = bench.AddQueue(thresholds: TransmitBench.WriteBackThreshold(1));
            ring.PutFrame(TransmitFrames.Make(60));
            ring.Send();
        },
        ["report-too-rare"] = bench =>
        {
            var ring = bench.AddQueue();
            for (int index = 0; index < 40; index++) ring.PutFrame(TransmitFrames.Make(60), Quiet);
            ring.Send();
        },
        ["arbiter-running"] = bench => bench.Write(MTQC, 0),
        ["reserved-bits"] = bench => bench.WriteStopped(DTXMXSZRQ, 0x1010),
        ["settings-while-enabled"] = bench => bench.Write(DMATXCTL, 0x88A8_0001),
        ["descriptor-type"] = bench =>
        Send(bench, ring => ring.Put(CardBench.Iova, Tx.Whole | 1u << 29 | 60, 60 << 14)),
        ["descriptor-reserved-bits"] = bench =>
        Send(bench, ring => ring.PutFrame(TransmitFrames.Make(60), Tx.Whole | 1u << 28)),
        ["descriptors-mixed"] = bench => SendInTwo(bench, Tx.Data | Tx.Ifcs, Tx.Eop | Tx.Rs),
        ["descriptor-too-long"] = bench => Send(bench, ring =>
        {
            byte[] packet = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(20_000));
            ring.PutContext(segmentSize: 1_000);
            ring.Put(bench.Place(packet), Tx.Whole | Tx.Data | Tx.Tse | (uint)packet.Length,
                Tx.Ixsm | Tx.Txsm | 20_000u << 14);
        }),
        ["descriptor-empty"] = bench => Send(bench, ring =>
        {
            ring.Put(bench.Place(TransmitFrames.Make(200)), Tx.Data | Tx.Ifcs | 200, 200 << 14);
            ring.Put(0, Tx.Data | Tx.Eop | Tx.Rs, 0);
        }),
        ["too-many-descriptors"] = bench => Send(bench, ring =>
        {
            for (int part = 1; part <= 39; part++)
                ring.Put(CardBench.Iova, Tx.Data | Tx.Ifcs | 10 | (part == 39 ? Tx.Eop | Tx.Rs : 0), 390 << 14);
        }),
        ["legacy-with-dcb-or-virtualization"] = bench =>
        {
            bench.WriteStopped(MTQC, MTQC_.TrafficClasses | MTQC_.Count10);
            Send(bench, ring => ring.PutLegacy(TransmitFrames.Make(60)));
        },
        ["packet-too-short"] = bench => Send(bench, ring => ring.PutFrame(TransmitFrames.Make(16))),
        ["packet-too-long"] = bench => Send(bench, ring => PutInTwo(bench, ring, 8_000, 8_000)),
        ["packet-buffer-threshold"] = bench =>
        {
            bench.WriteStopped(TXPBTHRESH, 150);
            Send(bench, ring => ring.PutFrame(TransmitFrames.Make(10_241)));
        },
        ["payload-length"] = bench => Send(bench, ring =>
            ring.Put(bench.Place(TransmitFrames.Make(60)), Tx.Whole | Tx.Data | 60, 61 << 14)),
        ["fcs-required"] = bench => Send(bench, ring =>
        {
            // Valid but for IFCS: the last four bytes of 40 zeros are the FCS of the 36 before them.
            byte[] frame = [
                .. TransmitFrames.Make(36), .. BitConverter.GetBytes(FrameSums.Fcs(TransmitFrames.Make(36)))];
            ring.PutFrame(frame, Tx.Eop | Tx.Rs);
        }),
        ["wrong-fcs"] = bench => Send(bench, ring => ring.PutFrame(TransmitFrames.Make(64), Tx.Eop | Tx.Rs)),
        ["context-index"] = bench => Send(bench, ring => ring.PutFrame(TransmitFrames.Make(60), options: Tx.Index(2))),
        ["context-not-set"] = bench => Send(bench, ring => ring.PutFrame(TransmitFrames.Make(60), Tx.Whole | Tx.Vle)),
        ["context-lengths"] = bench => Send(bench, ring =>
        {
            ring.PutContext(ipLength: 19);
            ring.PutFrame(TransmitFrames.Make(60), options: Tx.Ixsm);
        }),
        ["checksum-range"] = bench =>
        Send(bench, ring => ring.PutLegacy(TransmitFrames.Make(60), Tx.Whole | Tx.Ic | 59 << 16, 14 << 8)),
        ["ip-checksum-of-ipv6"] = bench => Send(bench, ring =>
        {
            ring.PutContext(ipLength: 40, type: Tx.Tcp);
            ring.PutFrame(TransmitFrames.Make(60), options: Tx.Ixsm);
        }),
        ["sctp-packet"] = bench => Send(bench, ring =>
        {
            ring.PutContext(type: Tx.IPv4 | Tx.Sctp);
            byte[] frame = TransmitFrames.Make(63);
            frame.AsSpan(42, 4).Clear();
            ring.PutFrame(frame, options: Tx.Txsm);
        }),
        ["segment-options"] = bench => Segment(bench, Tx.Ixsm, 1_000, 20, 1),
        ["segment-sizes"] = bench => Segment(bench, Tx.Ixsm | Tx.Txsm, 0, 20, 1),
        ["segment-header-descriptors"] = bench => Segment(bench, Tx.Ixsm | Tx.Txsm, 1_000, 20, 5),
        ["mac-settings"] = bench =>
        {
            bench.Write(HLREG0, HLREG0_.TxCrcEnable);
            Segment(bench, Tx.Ixsm | Tx.Txsm, 1_000, 20, 1);
        },
        ["offload-not-available"] = bench => Send(bench, ring =>
        {
            ring.PutContext();
            ring.PutFrame(TransmitFrames.Make(60), options: 4u << 8 | Tx.Cc);
        }),
    };

    public static TheoryData<string> Rules => [.. s_provocations.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void ABrokenRuleIsReported(string rule)
    {
        using var bench = new TransmitBench();
        Assert.Empty(bench.Broken);
        s_provocations[rule](bench);
        bench.Run();
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(rule, violation.Rule);
        var stated = All.Single(known => known.Name == rule);
        Assert.Equal((stated.Section, stated.Explanation), (violation.Section, violation.Explanation));
    }

    [Fact]
    public void EveryRuleIsProvoked() =>
        Assert.Equal(All.Select(rule => rule.Name).Order(), s_provocations.Keys.Order());

    // 4.6.8: everything that is programmed while ARBDIS is set, even before transmission is enabled.
    [Theory]
    [InlineData("DTXMXSZRQ", 0)]
    [InlineData("TXPBSIZE", 0)]
    [InlineData("TXPBSIZE", 7)]
    [InlineData("TXPBTHRESH", 0)]
    [InlineData("MTQC", 0)]
    [InlineData("MNGTXMAP", 0)]
    public void WhatTheArbiterUsesIsWrittenWhileItStandsStill(string name, int index)
    {
        foreach (bool transmits in new[] { false, true })
        {
            using var bench = new TransmitBench(enable: transmits);
            var register = CardRegisters.All.Single(register => register.Name == name);
            uint value = bench.Read(register, index);
            bench.WriteStopped(register, value, index);
            Assert.Empty(bench.Broken);
            bench.Write(register, value, index);
            bench.Write(register, value, index); // reported once, until the arbiter is stopped again
            var violation = Assert.Single(bench.Card.Violations.All);
            Assert.Equal(
                ("arbiter-running", register.Count == 1 ? name : $"{name}[{index}]"),
                (violation.Rule, violation.Register));
        }
    }

    // DMATXCTL.TE enables queue 0, and software unaware of that enables the queue once more (8.2.3.9.10).
    [Theory]
    [InlineData("thresholds", 8u << 16 | 1 << 8 | 33)]
    [InlineData("host-threshold", 32u)]
    public void AQueueThatIsOnAlreadyBreaksNoRuleTwice(string rule, uint thresholds)
    {
        using var bench = new TransmitBench();
        bench.AddQueue(thresholds: thresholds, enable: false);
        bench.Write(TXDCTL, thresholds);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~DMATXCTL_.Enable);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) | DMATXCTL_.Enable);
        bench.Write(TXDCTL, thresholds | TXDCTL_.Enable);
        bench.Write(TXDCTL, thresholds | TXDCTL_.Enable);
        Assert.Equal([rule], bench.Broken);
        bench.Write(TXDCTL, thresholds + 1 | TXDCTL_.Enable);
        Assert.Equal([rule, rule], bench.Broken);
    }

    // What was reported to one driver is reported to the next one again.
    [Fact]
    public void ADriverIsToldOfItsMistakesThoughTheOneBeforeMadeThemToo()
    {
        using var bench = new TransmitBench();
        Break();
        Assert.Equal(["arbiter-running", "host-threshold"], bench.Broken);
        bench.Write(TXDCTL, 0);
        bench.Write(CTRL, CTRL_.RST);
        bench.Run(20_000_000);
        // DMATXCTL.TE enables queue 0, before it has a ring.
        bench.Write(DMATXCTL, DMATXCTL_.Enable);
        Break();
        Assert.Equal((2, 2), (Count("arbiter-running"), Count("host-threshold")));

        int Count(string name) => bench.Broken.Count(rule => rule == name);

        void Break()
        {
            bench.Write(MTQC, 0);
            bench.AddQueue(thresholds: 32, enable: false);
            bench.Write(TXDCTL, 32 | TXDCTL_.Enable);
        }
    }

    // A driver breaks a rule with every packet or never: one report is enough, until the queue is enabled again.
    [Fact]
    public void ARuleBrokenByDescriptorsIsReportedOnceForEachTimeTheQueueIsEnabled()
    {
        using var bench = new TransmitBench();
        for (int round = 1; round <= 2; round++)
        {
            var ring = bench.AddQueue();
            for (int index = 0; index < 5; index++) ring.PutFrame(TransmitFrames.Make(60), Tx.Whole | 1u << 28);
            ring.Send();
            Assert.Equal(round, bench.Broken.Length);
            bench.Write(TXDCTL, 0);
            bench.Write(TDH, 0);
            bench.Write(TDT, 0);
        }
        Assert.Equal("transmit descriptor 0 of queue 0", bench.Card.Violations.All[0].Register);
        Assert.Equal(10, bench.Sent.Count);
    }

    private static IEnumerable<TransmitRule> All =>
        typeof(TransmitRule).GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Select(info => info.GetValue(null)).OfType<TransmitRule>();

    private static void Send(TransmitBench bench, Action<TransmitRing> put)
    {
        var ring = bench.AddQueue();
        put(ring);
        ring.Send();
    }

    private static void SendInTwo(TransmitBench bench, uint first, uint last) => Send(bench, ring =>
    {
        byte[] frame = TransmitFrames.Make(100);
        ring.Put(bench.Place(frame), first | 60, 100 << 14);
        ring.Put(bench.Place(frame), last | 40, 0);
    });

    private static void PutInTwo(TransmitBench bench, TransmitRing ring, int first, int last)
    {
        ring.Put(bench.Place(TransmitFrames.Make(first)), Tx.Data | Tx.Ifcs | (uint)first, (uint)(first + last) << 14);
        ring.Put(bench.Place(TransmitFrames.Make(last)), Tx.Data | Tx.Eop | Tx.Rs | (uint)last, 0);
    }

    private static void Segment(TransmitBench bench, uint options, int size, int l4Length, int headerParts) =>
        Send(bench, ring =>
    {
        byte[] packet = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(3_000));
        ring.PutContext(l4Length: l4Length, segmentSize: size);
        int offset = 0;
        for (int part = 0; part <= headerParts; part++)
        {
            int length = part == headerParts ? packet.Length - offset : 54 / headerParts;
            ring.Put(bench.Place(packet.AsSpan(offset, length)),
                Tx.Data | Tx.Ifcs | Tx.Tse | (part == headerParts ? Tx.Eop | Tx.Rs : 0) | (uint)length,
                options | 3_000u << 14);
            offset += length;
        }
    });

    private static void AddHeadWriteBack(TransmitBench bench, uint offset, uint thresholds, bool relaxed = false)
    {
        ulong head = bench.Allocate(32, 16) + offset;
        bench.Write(TDWBAL, (uint)head | 1);
        bench.Write(TDWBAH, (uint)(head >> 32));
        if (!relaxed) bench.Write(DCA_TXCTRL, bench.Read(DCA_TXCTRL) & ~(1u << 11));
        bench.AddQueue(thresholds: thresholds);
    }
}
