using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Benchmarks;

/// <summary>
/// A card that costs next to nothing: registers are plain memory, just enough answers for the driver to start, and the
/// benchmark completes the descriptors in place (<see cref="CompleteReceive"/>, <see cref="CompleteTransmit"/>).
/// </summary>
internal sealed unsafe class BenchCard : PciDevice
{
    // Advanced descriptors: write-back status of received frames (82599 datasheet 7.1.6.2), RS and DD of sent ones
    // (7.2.3.2.4).
    private const ulong ReceiveDone = 1 << 0, EndOfPacket = 1 << 1, ReportStatus = 1ul << 27, TransmitDone = 1ul << 32;

    private readonly uint[] _config = new uint[64];
    private readonly RegisterMemory _registers = new();
    private readonly List<DmaChunk> _chunks = [];
    private readonly bool _physical;
    private Descriptor* _receiveRing;
    private Descriptor* _transmitRing;
    private uint* _transmitTail, _receiveTail;
    private uint _receiveHead, _transmitHead, _markedReceiveHead, _markedTransmitHead;

    internal BenchCard(bool physical)
    {
        _physical = physical;
        _config[0] = 0x10FB_8086;
        _config[2] = 0x0200_0001;
    }

    public override string Name => "bench";

    public override bool DeviceAddressIsVirtual => !_physical;

    /// <summary>How far the driver wants the card to send.</summary>
    internal uint TransmitTail => Volatile.Read(ref *_transmitTail);

    /// <summary>How far the driver has given out receive descriptors.</summary>
    internal uint ReceiveTail => Volatile.Read(ref *_receiveTail);

    /// <summary>The card's current position.</summary>
    internal uint TransmitHead => _transmitHead;

    internal uint ReceiveHead => _receiveHead;

    /// <summary>One less than the length of both rings, a power of two.</summary>
    internal uint Mask { get; private set; }

    public override uint ReadConfig(int offset, int size) => _config[offset / 4] >> (8 * (offset % 4));

    public override void WriteConfig(int offset, uint value, int size)
    {
        // Only the command register is written, and nothing here depends on it.
    }

    public override PciBar OpenBar(int index) => _registers;

    /// <summary>Finds the rings the driver has programmed.</summary>
    internal void Start()
    {
        _receiveRing = (Descriptor*)Translate(_registers.Read32(RDBAL[0]) | (ulong)_registers.Read32(RDBAH[0]) << 32);
        _transmitRing = (Descriptor*)Translate(_registers.Read32(TDBAL[0]) | (ulong)_registers.Read32(TDBAH[0]) << 32);
        _transmitTail = _registers.At(TDT[0]);
        _receiveTail = _registers.At(RDT[0]);
        Mask = _registers.Read32(RDLEN[0]) / (uint)sizeof(Descriptor) - 1;
    }

    /// <summary>Marks the next receive descriptors done: whole frames of this many bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void CompleteReceive(int count, int length)
    {
        // Like a card: the whole descriptor at once.
        var done = Vector128.Create(0, (ulong)length << 32 | ReceiveDone | EndOfPacket);
        var ring = _receiveRing;
        uint head = _receiveHead, mask = Mask;
        for (int i = 0; i < count; i++)
        {
            Vector128.StoreAligned(done, (ulong*)(ring + head));
            head = (head + 1) & mask;
        }
        _receiveHead = head;
    }

    /// <summary>Marks transmit descriptors done if RS requests it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void CompleteTransmit(uint tail)
    {
        var ring = _transmitRing;
        uint head = _transmitHead, mask = Mask;
        for (; head != tail; head = (head + 1) & mask)
        {
            ulong command = ring[head].Second;
            if ((command & ReportStatus) != 0) ring[head].Second = command | TransmitDone;
        }
        _transmitHead = head;
    }

    /// <summary>The buffers of the next receive descriptors: where a card would write the frames.</summary>
    internal byte* ReceiveBuffer(uint index) => (byte*)Translate(_receiveRing[index & Mask].First);

    /// <summary>Start of the next frame to send.</summary>
    internal byte* TransmitBuffer(uint index) => (byte*)Translate(_transmitRing[index & Mask].First);

    /// <summary>Remembers the card's positions, which are also the driver's.</summary>
    internal void Mark() => (_markedReceiveHead, _markedTransmitHead) = (_receiveHead, _transmitHead);

    /// <summary>
    /// Goes back to <see cref="Mark"/> as if the card had done nothing since: all receive descriptors are free.
    /// </summary>
    internal void Rewind()
    {
        (_receiveHead, _transmitHead) = (_markedReceiveHead, _markedTransmitHead);
        for (uint i = 0; i <= Mask; i++) _receiveRing[i].Second = 0;
    }

    protected override void MapDma(DmaChunk chunk) => _chunks.Add(chunk);

    protected override void UnmapDma(DmaChunk chunk) => _chunks.Remove(chunk);

    protected override void Close() => _registers.Free();

    private ulong Translate(ulong address)
    {
        if (!_physical) return address;
        foreach (var chunk in _chunks)
        {
            for (nuint frame = 0; frame < chunk.Length; frame += DmaArena.FrameLength)
            {
                ulong physical = DmaArena.PhysicalAddress(chunk.Address + frame);
                if (address - physical < DmaArena.FrameLength) return chunk.Address + frame + (address - physical);
            }
        }
        throw new InvalidOperationException($"The driver gave address {address:x}, which no memory has.");
    }

    private sealed class RegisterMemory : PciBar
    {
        private readonly uint* _memory = (uint*)NativeMemory.AlignedAlloc(0x20000, 4096);

        internal RegisterMemory()
        {
            new Span<byte>(_memory, 0x20000).Clear();
            *At(EEC) = EEC_.AutoReadDone;
            *At(RDRXCTL) = RDRXCTL_.DmaInitDone;
            *At(SECRXSTAT) = SECRXSTAT_.Ready;
            *At(LINKS) = LINKS_.Up | 3u << LINKS_.SpeedShift;
        }

        public override uint Length => 0x20000;

        internal uint* At(uint offset) => _memory + offset / sizeof(uint);

        internal void Free() => NativeMemory.AlignedFree(_memory);

        protected override uint Load(uint offset, int size) => *At(offset);

        // Resets are over at once.
        protected override void Store(uint offset, uint value, int size) =>
            *At(offset) = offset == CTRL ? value & ~(CTRL_.RST | CTRL_.LRST) : value;

        protected override void* PointerTo(uint offset) => At(offset);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        internal ulong First, Second;
    }
}
