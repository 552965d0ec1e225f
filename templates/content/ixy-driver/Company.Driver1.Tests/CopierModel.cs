using System.Buffers.Binary;
using Ixy.Hosting;
using Ixy.Hosting.Pci;

namespace Company_Driver1.Tests;

/// <summary>The card as its datasheet describes it: what a driver sees of it, and what it does.</summary>
internal sealed unsafe class CopierModel : PciFunctionModel
{
    private const uint Source = 0x10, Destination = 0x18, Length = 0x20, Start = 0x24, RegisterEnd = 0x28;
    // The table of interrupt vectors is in the BAR's upper half, followed by their pending bits.
    private const uint BarEnd = 4096, Table = 2048, Pending = 3072;

    private readonly ConfigurationSpace _config = new(ConfigurationSpace.ConventionalLength);
    private readonly PciHeader _header;
    private readonly uint _identity;
    private readonly byte[] _registers = new byte[RegisterEnd];
    private bool _isBusy;

    internal CopierModel(uint identity = 0xC0_0001)
    {
        _identity = identity;
        _header = new PciHeader(_config, new PciIdentity(0x1234, 0xC0B1, 0, 0, 1, ClassCode: 0xFF0000), hasIo: false);
        _header.AddMemory(bar: 0, BarEnd, prefetchable: false);
        var msix = new MsixCapability(
            _config, offset: 0x40, vectors: 1, bar: 0, tableOffset: Table, pendingOffset: Pending);
        HostInterrupts = new PciInterrupts(this, _config, _header, msi: null, msix);
        _config.OnWrite(PciHeader.Command, 2, () => Dma.BusMaster = _header.IsBusMaster);
    }

    /// <summary>The card ignores its commands.</summary>
    internal bool IsStuck { get; init; }

    public override int ConfigLength => _config.Length;

    public override PciInterrupts HostInterrupts { get; }

    public override uint BarLength(int bar) => _header.Length(bar);

    /// <summary>The card's turn: it copies, if it was told to.</summary>
    public override bool Poll(long now)
    {
        if (!_isBusy || IsStuck) return false;
        _isBusy = false;
        uint length = Register(Length);
        // Null, and a violation, if the driver has not mapped memory for the card.
        byte* source = Dma.Translate(Address(Source), length, "source");
        byte* destination = Dma.Translate(Address(Destination), length, "destination");
        if (source is null || destination is null) return true;
        Buffer.MemoryCopy(source, destination, length, length);
        HostInterrupts.TrySend(0);
        return true;
    }

    public override void PciReset()
    {
        _config.Reset();
        HostInterrupts.Msix.Reset();
        _registers.AsSpan().Clear();
        (_isBusy, Dma.BusMaster) = (false, false);
    }

    // Every access is a call: no part of the BAR is plain memory.
    public override void SeeDoorbells() { }

    public override void* TryGetShared(int bar, uint offset) => null;

    public override SharedPages? SharedPages(int bar) => null;

    public override bool IsPlainMemory(int bar, uint page) => false;

    protected override uint LoadConfig(int offset, int size) => _config.Read(offset, size);

    protected override void StoreConfig(int offset, uint value, int size) => _config.Write(offset, value, size);

    protected override uint LoadBar(int bar, uint offset, int size) => offset switch
    {
        0 => _identity,
        < RegisterEnd => Register(offset),
        >= Table => HostInterrupts.Msix.Read(offset),
        _ => 0,
    };

    protected override void StoreBar(int bar, uint offset, uint value, int size)
    {
        if (offset >= Table) HostInterrupts.Msix.Write(offset, value);
        else if (offset == Start) _isBusy = (value & 1) != 0;
        else if (offset < RegisterEnd) BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan((int)offset), value);
    }

    private uint Register(uint offset) => BinaryPrimitives.ReadUInt32LittleEndian(_registers.AsSpan((int)offset));

    private ulong Address(uint offset) => Register(offset) | (ulong)Register(offset + 4) << 32;
}
