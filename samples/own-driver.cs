// A driver of your own, on Ixy.Vfio alone: rings of an 82599 as in chapters 5 and 6 of docs/tour. Sends five frames to
// all stations, and prints those that arrive, until it has the number you ask for. It also drives QEMU's igb, a card
// that we did not write: docs/second-judge.md.
#:project ../src/Ixy.Simulation
#:property AllowUnsafeBlocks=true
using Ixy.Simulation;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

if (args is not [string name, string count] || !int.TryParse(count, out int wanted))
{
    Console.Error.WriteLine("usage: own-driver.cs DEVICE FRAMES");
    return 2;
}
try
{
    using PciDevice device = PciAddress.TryParse(name, out var address) ? KernelPciDevice.Open(address)
        : SimulatedCards.Open(name);
    Card card = device.DeviceId switch
    {
        0x10FB => new Ixgbe(device),
        0x10C9 => new Igb(device),
        var other => throw new PciDeviceException(
            $"{name} is {device.VendorId:x4}:{other:x4}: expected 8086:10fb or 8086:10c9"),
    };
    card.Prepare();
    using var rings = new Rings(device, card.Registers);
    rings.SetUp();
    card.EnableTransmit();
    rings.Enable();
    card.EnableReceive();
    if (!device.WaitUntil(() => card.HasLink, TimeSpan.FromSeconds(10)))
        throw new PciDeviceException($"{name} has no link after 10 s");
    // Broadcast, from us, with an EtherType reserved for experiments (IEEE 802, 9.2.3).
    byte[] frame = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. card.MacAddress, 0x88, 0xB5, .. new byte[46]];
    int sent = 0, received = 0;
    for (; frame[^1] < 5; frame[^1]++)
    {
        if (rings.Send(frame)) sent++;
    }
    bool isDone = device.WaitUntil(IsDone, TimeSpan.FromMinutes(1));
    Console.WriteLine($"{sent} frames sent, {rings.CountDone()} reported as sent, {received} received");
    card.Stop();
    // A simulated card reports what the driver did wrong; no other card does.
    if (device is SimulatedPciDevice { Violations.All: { Count: > 0 } broken })
    {
        foreach (var rule in broken) Console.Error.WriteLine(rule);
        return 1;
    }
    return isDone ? 0 : 1;

    bool IsDone()
    {
        while (rings.Receive() is { } arrived)
        {
            Console.WriteLine($"{arrived.Length} bytes from {Convert.ToHexString(arrived, 6, 6)}");
            received++;
        }
        return received >= wanted && rings.CountDone() == sent;
    }
}
catch (PciDeviceException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

/// <summary>The driver. It knows only the 82599.</summary>
internal sealed unsafe class Rings(PciDevice device, PciBar registers) : IDisposable
{
    private const uint RDBAL = 0x01000, RDBAH = 0x01004, RDLEN = 0x01008, RDT = 0x01018, RXDCTL = 0x01028;
    private const uint TDBAL = 0x06000, TDBAH = 0x06004, TDLEN = 0x06008, TDT = 0x06018, TXDCTL = 0x06028;
    private const uint SRRCTL = 0x01014;
    private const uint QueueEnable = 1u << 25, AdvancedOneBuffer = 1u << 25;
    private const int Size = 64, BufferLength = 2048;
    private const ulong Received = 1, Sent = 1ul << 32; // DD
    private const ulong Data = 3ul << 20, Eop = 1ul << 24, Ifcs = 1ul << 25, Rs = 1ul << 27, Dext = 1ul << 29;

    private readonly DmaMemory _receive = DmaMemory.Allocate(Size * 16), _transmit = DmaMemory.Allocate(Size * 16);
    private readonly DmaMemory _empty = DmaMemory.Allocate(Size * BufferLength);
    private readonly DmaMemory _full = DmaMemory.Allocate(Size * BufferLength);
    private int _look, _next;

    internal void SetUp()
    {
        for (int i = 0; i < Size; i++) Refill(i);
        SetAddress(_receive, RDBAL, RDBAH, RDLEN);
        SetAddress(_transmit, TDBAL, TDBAH, TDLEN);
        registers.Write32(SRRCTL, BufferLength / 1024 | AdvancedOneBuffer);
    }

    internal void Enable()
    {
        foreach (uint control in (uint[])[RXDCTL, TXDCTL])
        {
            registers.Write32(control, registers.Read32(control) | QueueEnable);
            device.WaitUntil(() => (registers.Read32(control) & QueueEnable) != 0, TimeSpan.FromMilliseconds(10));
        }
        registers.Write32(RDT, Size - 1);
    }

    /// <summary>The next frame; null if there is none.</summary>
    internal byte[]? Receive()
    {
        ulong status = Volatile.Read(ref Words(_receive)[2 * _look + 1]);
        if ((status & Received) == 0) return null;
        byte[] frame = new Span<byte>((byte*)_empty.Address + _look * BufferLength, (ushort)(status >> 32)).ToArray();
        Refill(_look);
        registers.Write32(RDT, (uint)_look);
        _look = (_look + 1) % Size;
        return frame;
    }

    /// <summary>False if there is no room.</summary>
    internal bool Send(ReadOnlySpan<byte> frame)
    {
        if (_next == Size - 1) return false; // Enough for this program: it sends five.
        int offset = _next * BufferLength;
        frame.CopyTo(new Span<byte>((byte*)_full.Address + offset, BufferLength));
        ulong length = (ulong)frame.Length;
        Words(_transmit)[2 * _next] = _full.DeviceAddress(device) + (ulong)offset;
        Volatile.Write(ref Words(_transmit)[2 * _next + 1], length | Data | Eop | Ifcs | Rs | Dext | length << 46);
        registers.Write32(TDT, (uint)++_next);
        return true;
    }

    /// <summary>How many descriptors the card has written back.</summary>
    internal int CountDone() => Enumerable.Range(0, _next).Count(i => (Words(_transmit)[2 * i + 1] & Sent) != 0);

    public void Dispose()
    {
        // Whatever went wrong before: from now on the card cannot reach memory that is not its own.
        device.DisableBusMaster();
        foreach (var memory in (DmaMemory[])[_receive, _transmit, _empty, _full]) memory.Dispose();
    }

    private void SetAddress(DmaMemory ring, uint low, uint high, uint length)
    {
        registers.Write32(low, (uint)ring.DeviceAddress(device));
        registers.Write32(high, (uint)(ring.DeviceAddress(device) >> 32));
        registers.Write32(length, Size * 16);
    }

    private void Refill(int i)
    {
        Words(_receive)[2 * i] = _empty.DeviceAddress(device) + (ulong)(i * BufferLength);
        Words(_receive)[2 * i + 1] = 0;
    }

    private static ulong* Words(DmaMemory memory) => (ulong*)memory.Address;
}

/// <summary>Everything before and after the rings, which differs from card to card.</summary>
internal abstract class Card(PciDevice device)
{
    protected PciDevice Device => device;

    protected PciBar Bar { get; } = device.OpenBar(0);

    /// <summary>The registers, as the rings know them.</summary>
    internal virtual PciBar Registers => Bar;

    internal abstract bool HasLink { get; }

    internal byte[] MacAddress =>
        [.. BitConverter.GetBytes(Bar.Read32(AddressAt)), .. BitConverter.GetBytes(Bar.Read32(AddressAt + 4))[..2]];

    /// <summary>The first of two registers, RAL and RAH, with the port's address.</summary>
    protected abstract uint AddressAt { get; }

    internal abstract void Prepare();

    internal abstract void EnableTransmit();

    internal abstract void EnableReceive();

    internal abstract void Stop();

    protected void Set(uint register, uint bits) => Bar.Write32(register, Bar.Read32(register) | bits);

    protected void Clear(uint register, uint bits) => Bar.Write32(register, Bar.Read32(register) & ~bits);

    protected void WaitFor(uint register, uint bit, bool isSet = true)
    {
        if (!device.WaitUntil(() => (Bar.Read32(register) & bit) != 0 == isSet, TimeSpan.FromSeconds(1)))
            throw new PciDeviceException($"register 0x{register:x5}: bit 0x{bit:x} is not {(isSet ? "set" : "clear")}");
    }

    protected void Reset(uint control, uint bits)
    {
        Bar.Write32(control, bits);
        device.Wait(TimeSpan.FromMilliseconds(20));
    }

    protected void LetReachMemory()
    {
        DmaArena.Attach(device);
        device.EnableBusMaster();
    }
}

/// <summary>The 82599. Sections of its datasheet are in chapter 2 of docs/tour.</summary>
internal sealed class Ixgbe(PciDevice device) : Card(device)
{
    private const uint CTRL = 0x00000, STATUS = 0x00008, CTRL_EXT = 0x00018, EIMC = 0x00888, DCA_RXCTRL = 0x0100C;
    private const uint RDRXCTL = 0x02F00, RXCTRL = 0x03000, FCRTH = 0x03260, HLREG0 = 0x04240, AUTOC = 0x042A0;
    private const uint RTTDCS = 0x04900, TXPBTHRESH = 0x04950, DMATXCTL = 0x04A80, FCTRL = 0x05080, DTXMXSZRQ = 0x08100;
    private const uint LINKS = 0x042A4, SECRXCTRL = 0x08D00, SECRXSTAT = 0x08D04, EEC = 0x10010;

    internal override bool HasLink => (Bar.Read32(LINKS) & 1 << 30) != 0;

    protected override uint AddressAt => 0x0A200;

    internal override void Prepare()
    {
        Device.EnableBars();
        Stop();
        LetReachMemory();
        Bar.Write32(EIMC, 0x7FFF_FFFF);
        WaitFor(EEC, 1 << 9);
        WaitFor(RDRXCTL, 1 << 3);
        Bar.Write32(AUTOC, Bar.Read32(AUTOC) & ~(7u << 13) | 3 << 13 | 1 << 12); // 10 Gbit/s serial, restart
        Clear(RXCTRL, 1);
        Clear(DCA_RXCTRL, 1 << 12); // must be 0
        Set(HLREG0, 1 << 0 | 1 << 1 | 1 << 10); // append, strip the FCS; pad
        Bar.Write32(RDRXCTL, Bar.Read32(RDRXCTL) & ~(0x1Fu << 17) | 1 << 1 | 1 << 25 | 1 << 26);
        Bar.Write32(FCRTH, 0x7A000);
        Bar.Write32(FCTRL, 1 << 10); // broadcast
        Set(RTTDCS, 1 << 6); // The arbiter is stopped while the next registers change.
        Bar.Write32(TXPBTHRESH, 0x9E);
        Bar.Write32(DTXMXSZRQ, 0xFFF);
        Clear(RTTDCS, 1 << 6);
    }

    internal override void EnableTransmit() => Set(DMATXCTL, 1);

    internal override void EnableReceive()
    {
        Set(SECRXCTRL, 1 << 1);
        WaitFor(SECRXSTAT, 1);
        Set(CTRL_EXT, 1 << 16); // no snoop: off
        Set(RXCTRL, 1);
        Clear(SECRXCTRL, 1 << 1);
    }

    internal override void Stop()
    {
        Bar.Write32(EIMC, 0x7FFF_FFFF);
        Set(CTRL, 1 << 2);
        WaitFor(STATUS, 1 << 19, isSet: false);
        Reset(CTRL, 1 << 26 | 1 << 3);
    }
}

/// <summary>QEMU's igb, a 1 Gbit/s 82576 as described in its datasheet.</summary>
internal sealed class Igb(PciDevice device) : Card(device)
{
    private const uint CTRL = 0x00000, STATUS = 0x00008, MDIC = 0x00020, RCTL = 0x00100, TCTL = 0x00400, EIMC = 0x01528;

    private IgbRegisters? _registers;

    internal override PciBar Registers => _registers ??= new IgbRegisters(Bar);

    internal override bool HasLink => (Bar.Read32(STATUS) & 1 << 1) != 0;

    protected override uint AddressAt => 0x05400;

    internal override void Prepare()
    {
        Device.EnableBars();
        Stop();
        LetReachMemory();
        Bar.Write32(EIMC, uint.MaxValue);
        Set(CTRL, 1 << 6); // set link up
        // Its PHY, number 1, on the management bus: control register (0), restart negotiation.
        Bar.Write32(MDIC, 1 << 26 | 1 << 21 | 0 << 16 | 0x1200);
        WaitFor(MDIC, 1 << 28);
    }

    internal override void EnableTransmit() => Set(TCTL, 1 << 1);

    // On, broadcast, without FCS.
    internal override void EnableReceive() => Bar.Write32(RCTL, 1 << 1 | 1 << 15 | 1 << 26);

    internal override void Stop() => Reset(CTRL, 1 << 26);

    /// <summary>The rings' registers are the 82599's, at other offsets.</summary>
    private sealed unsafe class IgbRegisters(PciBar bar) : PciBar
    {
        public override uint Length => bar.Length;

        protected override uint Load(uint offset, int size) => bar.Read32(Translate(offset));

        protected override void Store(uint offset, uint value, int size) => bar.Write32(Translate(offset), value);

        protected override void* PointerTo(uint offset) => null;

        private static uint Translate(uint offset) => offset switch
        {
            0x01014 => 0x0C00C, // SRRCTL
            >= 0x01000 and < 0x01040 => offset + 0x0B000,
            >= 0x06000 and < 0x06040 => offset + 0x08000,
            _ => throw new PciDeviceException($"the rings' register 0x{offset:x5} is nowhere on this card"),
        };
    }
}
