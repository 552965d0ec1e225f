using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Wires;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Testing.Cards;

/// <summary>
/// A card on the bench, without a driver or a device thread: the test writes registers and descriptors by hand and
/// advances the card's clock itself.
/// </summary>
internal abstract unsafe class CardBench<T> : IDisposable where T : CardModel
{
    /// <summary>
    /// Where the card sees the bench's memory: not at the process's own addresses, so that mixing them up is noticed.
    /// </summary>
    internal const ulong Iova = 0x1_0000_0000;

    internal const int MemoryLength = 4 << 20;

    private readonly byte* _memory;
    private ulong _allocated;

    private protected CardBench(T card)
    {
        Card = card;
        _memory = (byte*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(MemoryLength, 4096);
        Memory.Clear();
        Card.Dma.Map(Iova, MemoryLength, (nint)_memory);
        EnableDma();
    }

    internal T Card { get; }

    internal Wire Wire => Card.Wire;

    /// <summary>The default wire: queues the frames to receive and keeps the frames sent.</summary>
    internal TestWire TestWire => (TestWire)Wire;

    /// <summary>The memory that the card can access, at <see cref="Iova"/>.</summary>
    internal Span<byte> Memory => new(_memory, MemoryLength);

    /// <summary>The device's clock, in nanoseconds.</summary>
    internal long Now { get; private set; }

    /// <summary>Allocates card-visible memory; returns its device address.</summary>
    internal ulong Allocate(int length, int alignment = 128)
    {
        _allocated = (_allocated + (ulong)alignment - 1) / (ulong)alignment * (ulong)alignment;
        ulong address = Iova + _allocated;
        _allocated += (ulong)length;
        Assert.True(_allocated <= MemoryLength, "the bench has no memory left");
        return address;
    }

    /// <summary>The bytes at a device address.</summary>
    internal Span<byte> At(ulong iova, int length) => Memory.Slice((int)(iova - Iova), length);

    /// <summary>Advances the clock, a microsecond per turn, until the time has passed.</summary>
    internal void Run(long nanoseconds = 10_000)
    {
        for (long end = Now + nanoseconds; Now < end;)
        {
            Now += 1_000;
            Card.Poll(Now);
            Card.Dma.EndTurn();
        }
    }

    /// <summary>
    /// Unmaps the memory from the card and maps it again page by page: some pages are far, accessed only by copying.
    /// </summary>
    /// <param name="isFar">Whether the page at a device address is far.</param>
    /// <param name="before">What software does just before the card's bytes are written to such a page.</param>
    /// <param name="after">What it does just after.</param>
    /// <param name="read">What it does when the card has read from such a page.</param>
    internal void Scatter(Func<ulong, bool> isFar, Action? before = null, Action? after = null, Action? read = null)
    {
        const int Page = 4096;
        Assert.True(Card.Dma.Unmap(Iova, MemoryLength));
        for (int offset = 0; offset < MemoryLength; offset += Page)
        {
            ulong iova = Iova + (ulong)offset;
            if (!isFar(iova)) Card.Dma.Map(iova, Page, (nint)(_memory + offset));
            else Card.Dma.Map(
                iova, Page, new FarMemory(_memory + offset, Page) { Before = before, After = after, Read = read });
        }
    }

    /// <summary>
    /// The same with every second page far, so that anything that spans two pages is copied together; a ring allocated
    /// next spans two pages.
    /// </summary>
    internal void Scatter()
    {
        Scatter(iova => iova / 4096 % 2 != 0);
        Allocate(0, 4096);
        Allocate(4096 - 128);
    }

    // PCI command register: memory space and bus master (PCI 3.0, 6.2.2).
    private protected void EnableDma() => Card.WriteConfig(0x04, 0x0006, 2);

    public void Dispose()
    {
        Card.Dispose();
        System.Runtime.InteropServices.NativeMemory.AlignedFree(_memory);
    }
}

/// <summary>An 82599 on the bench.</summary>
internal sealed class CardBench : CardBench<IxgbeCard>
{
    // The link is up at once, unless the test says how long it takes.
    internal CardBench(IxgbeCardOptions? options = null, Wire? wire = null)
        : base(new IxgbeCard(options ?? new IxgbeCardOptions { LinkUpDelay = 0 }, wire ?? new TestWire()))
    {
    }

    /// <summary>
    /// Resets the card including its link, through PCI or as in 4.6.3.1, and waits until the reset is done.
    /// </summary>
    internal void Reset(bool byPci)
    {
        if (byPci)
        {
            Card.PciReset();
            EnableDma();
        }
        else
        {
            Write(CTRL, CTRL_.MasterDisable);
            Write(CTRL, CTRL_.RST | CTRL_.LRST);
        }
        Run(20_000_000);
    }

    internal uint Read(uint offset) => Card.ReadBar(0, offset);

    internal void Write(uint offset, uint value)
    {
        Card.WriteBar(0, offset, value);
        Card.Dma.EndTurn();
    }

    internal uint Read(Register register, int index = 0) => Read(register[index]);

    internal void Write(Register register, uint value, int index = 0) => Write(register[index], value);
}

/// <summary>A wire that the test controls.</summary>
internal sealed class TestWire : Wire
{
    private readonly Queue<(byte[] Frame, FrameErrors Errors)> _toCard = new();

    internal List<byte[]> FromCard { get; } = [];

    internal bool Signal { get; set; } = true;

    /// <summary>How many frames the card has not taken yet.</summary>
    internal int Waiting => _toCard.Count;

    /// <summary>Called when the card looks for a frame, in the middle of its turn.</summary>
    internal Action? Asked { get; set; }

    public override bool HasSignal => Signal;

    internal void Deliver(byte[] frame, FrameErrors errors = FrameErrors.None) => _toCard.Enqueue((frame, errors));

    /// <summary>Called when the card has sent a frame, in the middle of its turn.</summary>
    internal Action? Taken { get; set; }

    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        FromCard.Add(frame.ToArray());
        Taken?.Invoke();
    }

    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        Asked?.Invoke();
        if (!_toCard.TryDequeue(out var next))
        {
            errors = FrameErrors.None;
            return [];
        }
        errors = next.Errors;
        return next.Frame;
    }
}
