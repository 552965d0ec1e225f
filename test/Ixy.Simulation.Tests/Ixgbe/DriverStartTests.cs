using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Tests.Ixgbe.Port;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// What stock drivers do to a card from probe to traffic, in their order; Linux's ixgbe and DPDK's share their base
/// code. Offsets are written out, as in those drivers, and not taken from this project's tables, so that a wrong offset
/// there cannot hide.
/// </summary>
public sealed class DriverStartTests : IDisposable
{
    private const uint CTRL = 0x0, STATUS = 0x8, ESDP = 0x20, EICR = 0x800, EICS = 0x808, EIAC = 0x810, EITR = 0x820,
        EIMS = 0x880,
        EIMC = 0x888, GPIE = 0x898, IVAR = 0x900, IVAR_MISC = 0xA00, RXCTRL = 0x3000, FCTTV = 0x3200, FCRTL = 0x3220,
        FCRTH = 0x3260,
        FCRTV = 0x32A0, RXPBSIZE = 0x3C00, FCCFG = 0x3D00, RTTDQSEL = 0x4904, RTTBCNRC = 0x4984, HLREG0 = 0x4240,
        MFLCN = 0x4294,
        AUTOC = 0x42A0, LINKS = 0x42A4, AUTOC2 = 0x42A8, FCTRL = 0x5080, MTA = 0x5200, RETA = 0x5C00, RSSRK = 0x5C80,
        MRQC = 0x5818,
        GPRC = 0x4074, GORCL = 0x4088, GORCH = 0x408C, QPRC = 0x1030, SECRXCTRL = 0x8D00, SECRXSTAT = 0x8D04,
        RAL = 0xA200, RAH = 0xA204,
        EEC = 0x10010, EERD = 0x10014, SWSM = 0x10140, SW_FW_SYNC = 0x10160;

    private const uint Rings = 16, Descriptors = 64;
    private static readonly byte[] s_mac = [0xA0, 0x36, 0x9F, 0x12, 0x34, 0x56];
    private readonly CardBench _bench = new(
        new IxgbeCardOptions { MacAddress = 0xA0_36_9F_12_34_56, LinkUpDelay = 3_000_000 });

    [Fact]
    public void AProbeFindsAHealthyCardAndResetsIt()
    {
        ReadWholeEeprom();
        StopAdapter();
        ResetMac();
        StopAdapter();
        ResetMac();
        ReadAddress();
        ClearAddressTables();
        StartGenerationTwo();
        Assert.Empty(_bench.Card.Violations.All);
    }

    [Fact]
    public void TheModuleIsIdentifiedUnderTheSemaphoreOfItsPhy()
    {
        AcquireResource(0x2); // PHY 0
        Assert.Equal(0x2u, _bench.Read(SW_FW_SYNC) & 0x2);
        var bus = new SfpModuleTests.I2cMaster(_bench);
        byte[] page = bus.ReadPage(0xA0, 0, 64);
        Assert.Equal(0x03, page[0]); // SFP or SFP+
        Assert.NotEqual(0, page[3] & 0x30); // 10GBASE-SR or -LR
        ReleaseResource(0x2);
        Assert.Empty(_bench.Card.Violations.All);
    }

    [Fact]
    public void AfterSetUpTrafficPassesAndCountersAreReadOnce()
    {
        StopAdapter();
        ResetMac();
        StartGenerationTwo();
        SetUpFlowControl();
        ulong ring = SetUpReceive();
        SetUpRss();
        SetUpMessages();
        BringLinkUp();

        byte[] frame = [.. s_mac, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, .. new byte[50]];
        for (int i = 0; i < 5; i++) _bench.TestWire.Deliver(frame);
        _bench.Run(1_000_000);
        // DD, EOP
        for (int i = 0; i < 5; i++)
            Assert.Equal(3u, BitConverter.ToUInt32(_bench.At(ring + (ulong)i * 16, 16)[8..]) & 3);
        Assert.Equal((5u, 0u), (_bench.Read(GPRC), _bench.Read(GPRC)));
        Assert.Equal((5u * 68, 0u, 0u), (_bench.Read(GORCL), _bench.Read(GORCH), _bench.Read(GORCL)));
        Assert.Equal((5u, 0u), (_bench.Read(QPRC), _bench.Read(QPRC)));
        // These drivers do not clear bit 12 of DCA_RXCTRL, though 4.6.7 requires it: the card reports that, and works
        // all the same.
        Assert.Equal("dca-bit-12", Assert.Single(_bench.Card.Violations.All).Rule);
    }

    public void Dispose() => _bench.Dispose();

    // The EEPROM is present, and words 0 to 0x3F plus the sections that words 3 to 0xE point to add up to 0xBABA.
    private void ReadWholeEeprom()
    {
        Assert.Equal(0x100u, _bench.Read(EEC) & 0x100); // PRES
        AcquireResource(0x1); // EEPROM
        ushort sum = 0;
        for (uint word = 0; word < 0x40; word++) sum += ReadWord(word);
        for (uint pointer = 3; pointer < 0xF; pointer++)
        {
            uint section = ReadWord(pointer);
            if (section is 0 or 0xFFFF) continue;
            uint length = ReadWord(section);
            if (length is 0 or 0xFFFF) continue;
            for (uint word = section + 1; word <= section + length; word++) sum += ReadWord(word);
        }
        ReleaseResource(0x1);
        Assert.Equal(0xBABA, sum);
    }

    private ushort ReadWord(uint address)
    {
        _bench.Write(EERD, address << 2 | 1);
        Poll(() => (_bench.Read(EERD) & 2) != 0, tries: 100_000, each: 5_000);
        return (ushort)(_bench.Read(EERD) >> 16);
    }

    // Reading SMBI as 0 acquires it; SWESMBI is acquired when it reads back as written; then the resource is free or
    // not.
    private void AcquireResource(uint resource)
    {
        Assert.Equal(0u, _bench.Read(SWSM) & 1);
        Assert.Equal(1u, _bench.Read(SWSM) & 1);
        _bench.Write(SWSM, _bench.Read(SWSM) | 2);
        Assert.Equal(2u, _bench.Read(SWSM) & 2);
        uint taken = _bench.Read(SW_FW_SYNC);
        Assert.Equal(0u, taken & (resource | resource << 5));
        _bench.Write(SW_FW_SYNC, taken | resource);
        _bench.Write(SWSM, _bench.Read(SWSM) & ~3u);
    }

    private void ReleaseResource(uint resource)
    {
        Assert.Equal(0u, _bench.Read(SWSM) & 1);
        _bench.Write(SWSM, _bench.Read(SWSM) | 2);
        _bench.Write(SW_FW_SYNC, _bench.Read(SW_FW_SYNC) & ~resource);
        _bench.Write(SWSM, _bench.Read(SWSM) & ~3u);
        Assert.Equal(0u, _bench.Read(SW_FW_SYNC) & resource);
    }

    // Receiver off, interrupts disabled and cleared by reading, all queues flushed, no more requests on the bus.
    private void StopAdapter()
    {
        _bench.Write(RXCTRL, _bench.Read(RXCTRL) & ~1u);
        _bench.Write(EIMC, uint.MaxValue);
        _bench.Read(EICR);
        for (uint i = 0; i < 128; i++) _bench.Write(0x6028 + 0x40 * i, 1u << 26);
        for (uint i = 0; i < 128; i++)
            _bench.Write(Receive(0x28, i), _bench.Read(Receive(0x28, i)) & ~(1u << 25) | 1u << 26);
        _bench.Read(STATUS);
        _bench.Run(2_000_000);
        _bench.Write(CTRL, 1 << 2); // GIO master disable
        Poll(() => (_bench.Read(STATUS) & 1 << 19) == 0, tries: 800, each: 100_000);
        Assert.Equal(0u, _bench.Card.ReadConfig(0xAA, 2) & 0x20); // No transaction is pending.
    }

    // A link reset while the link is down, else a software reset; the bit clears itself within 10 µs.
    private void ResetMac()
    {
        bool isUp = (_bench.Read(LINKS) & 1u << 30) != 0;
        uint before = _bench.Read(AUTOC);
        _bench.Write(CTRL, _bench.Read(CTRL) | (isUp ? 1u << 26 : 1u << 3));
        _bench.Read(STATUS);
        Poll(() => (_bench.Read(CTRL) & (1u << 26 | 1u << 3)) == 0, tries: 10, each: 1_000);
        _bench.Run(50_000_000);
        Assert.Equal(before, _bench.Read(AUTOC));
        Assert.Equal(0u, _bench.Read(AUTOC2) & 0x7000_0000); // The NVM does not switch the link off.
    }

    private void ReadAddress()
    {
        uint low = _bench.Read(RAL), high = _bench.Read(RAH);
        Assert.Equal(s_mac, BitConverter.GetBytes(low).Concat(BitConverter.GetBytes((ushort)high)));
        Assert.Equal(1u << 31, high & 1u << 31);
    }

    private void ClearAddressTables()
    {
        for (uint i = 1; i < 128; i++)
        {
            _bench.Write(RAL + 8 * i, 0);
            _bench.Write(RAH + 8 * i, 0);
        }
        for (uint i = 0; i < 128; i++) _bench.Write(MTA + 4 * i, 0);
        for (uint i = 1; i < 128; i++) Assert.Equal(0u, _bench.Read(RAH + 8 * i));
        ReadAddress();
    }

    // No rate limit on any transmit queue, no relaxed ordering.
    private void StartGenerationTwo()
    {
        for (uint i = 0; i < 128; i++)
        {
            _bench.Write(RTTDQSEL, i);
            _bench.Write(RTTBCNRC, 0);
        }
        _bench.Read(STATUS);
        _bench.Write(0x18, _bench.Read(0x18) | 1u << 16); // CTRL_EXT.NS_DIS
        for (uint i = 0; i < 128; i++) _bench.Write(0x600C + 0x40 * i, _bench.Read(0x600C + 0x40 * i) & ~(1u << 11));
        for (uint i = 0; i < 128; i++)
            _bench.Write(Receive(0xC, i), _bench.Read(Receive(0xC, i)) & ~(1u << 13 | 1u << 15));
    }

    private void SetUpFlowControl()
    {
        uint buffer = _bench.Read(RXPBSIZE);
        Assert.Equal(512u << 10, buffer);
        _bench.Write(MFLCN, _bench.Read(MFLCN) & ~0xFF8u | 1u << 3 | 1u << 1);
        _bench.Write(FCCFG, _bench.Read(FCCFG) & ~0x18u | 1u << 3);
        for (uint i = 0; i < 8; i++)
        {
            _bench.Write(FCRTL + 4 * i, i == 0 ? 64u << 10 | 1u << 31 : 0);
            _bench.Write(FCRTH + 4 * i, i == 0 ? 128u << 10 | 1u << 31 : _bench.Read(RXPBSIZE) - 24576);
        }
        for (uint i = 0; i < 4; i++) _bench.Write(FCTTV + 4 * i, 0xFFFF_FFFF);
        _bench.Write(FCRTV, 0x7FFF);
        Assert.Equal((64u << 10 | 1u << 31, 128u << 10 | 1u << 31), (_bench.Read(FCRTL), _bench.Read(FCRTH)));
        Assert.Equal((0xAu, 8u), (_bench.Read(MFLCN) & 0xA, _bench.Read(FCCFG) & 8));
    }

    // Rings first; then queues are enabled one by one and checked; tails last. RXEN is set with the security block
    // halted.
    private ulong SetUpReceive()
    {
        _bench.Write(FCTRL, 1u << 10); // Broadcast
        _bench.Write(HLREG0, _bench.Read(HLREG0) | 0x2); // RXCRCSTRP
        // RDRXCTL: RSCFRSTSIZE, RSCACKC, bit 26, CRCSTRIP
        _bench.Write(0x2F00, _bench.Read(0x2F00) & ~(0x1Fu << 17) | 1u << 25 | 1u << 26 | 0x2);
        ulong first = 0;
        for (uint i = 0; i < Rings; i++)
        {
            ulong ring = _bench.Allocate((int)Descriptors * 16);
            for (int d = 0; d < Descriptors; d++)
                BitConverter.TryWriteBytes(_bench.At(ring + (ulong)d * 16, 8), _bench.Allocate(2048, 2048));
            if (i == 0) first = ring;
            if (i == 0) _bench.Write(RXCTRL, _bench.Read(RXCTRL) & ~1u);
            _bench.Write(Receive(0x00, i), (uint)ring);
            _bench.Write(Receive(0x04, i), (uint)(ring >> 32));
            _bench.Write(Receive(0x08, i), Descriptors * 16);
            _bench.Write(Receive(0x10, i), 0);
            _bench.Write(Receive(0x18, i), 0);
            _bench.Write(Receive(0x14, i), 2 | 1u << 25); // SRRCTL: 2 KiB, advanced, one buffer
            _bench.Write(Receive(0x28, i), _bench.Read(Receive(0x28, i)) | 1u << 25);
            uint queue = i;
            Poll(() => (_bench.Read(Receive(0x28, queue)) & 1u << 25) != 0, tries: 10, each: 1_000_000);
            _bench.Write(Receive(0x18, i), Descriptors - 1);
            if (i > 0) continue;
            _bench.Write(SECRXCTRL, _bench.Read(SECRXCTRL) | 2);
            Poll(() => (_bench.Read(SECRXSTAT) & 1) != 0, tries: 4000, each: 10_000);
            _bench.Write(RXCTRL, _bench.Read(RXCTRL) | 1);
            _bench.Write(SECRXCTRL, _bench.Read(SECRXCTRL) & ~2u);
            Assert.Equal(0u, _bench.Read(SECRXSTAT) & 1);
        }
        return first;
    }

    private void SetUpRss()
    {
        for (uint i = 0; i < 10; i++) _bench.Write(RSSRK + 4 * i, 0x6D5A_56DA + i);
        for (uint i = 0; i < 32; i++) _bench.Write(RETA + 4 * i, 0x0302_0100 + 0x0404_0404 * (i % 4));
        for (uint i = 0; i < 32; i++) Assert.Equal(0x0302_0100 + 0x0404_0404 * (i % 4), _bench.Read(RETA + 4 * i));
        _bench.Write(MRQC, 1 | 0x33u << 16); // RSS; TCP and IP of both versions
        Assert.Equal(1 | 0x33u << 16, _bench.Read(MRQC));
    }

    // One vector per pair of queues and one for the rest, auto-cleared, throttled.
    private void SetUpMessages()
    {
        _bench.Card.WriteConfig(0x72, 0xC000, 2);
        for (uint i = 0; i <= Rings; i++) _bench.Card.WriteBar(4, i * 16 + 12, 0);
        _bench.Card.WriteConfig(0x72, 0x8000, 2);
        _bench.Write(GPIE, 0x8000_0000 | 1u << 30 | 1u << 4);
        for (uint i = 0; i < Rings; i++)
        {
            uint shift = 16 * (i & 1);
            _bench.Write(
                IVAR + 4 * (i / 2),
                _bench.Read(IVAR + 4 * (i / 2)) & ~(0xFFFFu << (int)shift) | (0x8080u | i << 8 | i) << (int)shift);
            _bench.Write(EITR + 4 * i, 200 << 3);
        }
        _bench.Write(IVAR_MISC, (0x80 | Rings) << 8);
        _bench.Write(EIAC, 0xFFFF);
        var seen = new Vectors();
        _bench.Card.InterruptTarget = seen;
        _bench.Read(EICR);
        _bench.Write(EIMS, 0xFFFF | 1u << 20);
        _bench.Write(EICS, 1u << 3);
        _bench.Run(1_000_000);
        Assert.Equal([3], seen.Fired);
        _bench.Write(EICS, 1u << 20); // LSC
        _bench.Run(1_000_000);
        Assert.Equal([3, (int)Rings], seen.Fired);
        Assert.Equal(1u << 20, _bench.Read(EICR) & 1u << 20);
    }

    // Laser on, 10G over SFI, restart; then LINKS must be up within the 50 tries of 100 ms that the drivers allow.
    private void BringLinkUp()
    {
        _bench.Write(ESDP, _bench.Read(ESDP) & ~(1u << 3));
        _bench.Write(AUTOC, _bench.Read(AUTOC) & ~(7u << 13) | 3u << 13 | 1u << 12);
        Poll(() => (_bench.Read(LINKS) & 1u << 30) != 0, tries: 50, each: 1_000_000);
        Assert.Equal(3u << 28, _bench.Read(LINKS) & 3u << 28); // 10 Gbit/s
        Assert.Equal(0u, _bench.Read(AUTOC) & 1u << 12);
    }

    private static uint Receive(uint offset, uint queue) =>
        (queue < 64 ? 0x1000u : 0xD000u) + offset + 0x40 * (queue % 64);

    private void Poll(Func<bool> done, int tries, long each)
    {
        for (int i = 0; i < tries; i++)
        {
            if (done()) return;
            _bench.Run(each);
        }
        Assert.Fail("the card never gets there");
    }

    private sealed class Vectors : Ixy.Hosting.Interrupts.IInterruptTarget
    {
        internal List<int> Fired { get; } = [];

        public void Message(int vector) => Fired.Add(vector);

        public void Line(bool asserted) => Assert.Fail("INTx while MSI-X is enabled");
    }
}
