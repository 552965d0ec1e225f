using System.Runtime.CompilerServices;
using Ixy.Hosting;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>Where a queue's ring is, as set up by the driver.</summary>
internal readonly record struct RingLayout(
    uint Size, ulong Descriptors, ulong Driver, ulong Device, VirtioFeatures Features)
{
    internal bool HasEventIndex => (Features & VirtioFeatures.EventIndex) != 0;

    internal bool HasIndirect => (Features & CardFeatures.IndirectDescriptors) != 0;
}

/// <summary>A position in a ring to go back to. The last two are for observers.</summary>
internal readonly record struct RingMark(uint Next, bool Wrap, uint Used, int Noted = 0, uint Taken = 0);

/// <summary>
/// The device's side of a queue's ring, split or packed: takes buffers that the driver made available, gives them back
/// used, and says when either side wants to be notified. Used buffers become visible when they are published, all at
/// once.
/// </summary>
internal abstract unsafe class Ring(VirtioCard card, string name)
{
    protected const ushort NextFlag = 1, WriteFlag = 2, IndirectFlag = 4;
    protected const uint DescriptorLength = 16;

    // What a faulty device reports.
    protected const ushort NoId = 0xFFFF;
    protected const uint NoLength = 1 << 20;

    // Prefetch distance in buffers for their descriptors, and half of it for their contents.
    protected const uint BuffersAhead = 8;

    protected VirtioCard Card { get; } = card;

    protected DmaSpace Dma { get; } = card.Dma;

    protected string Name { get; } = name;

    protected RingLayout Layout { get; private set; }

    /// <summary>How many places are available after the last that was taken. Valid within a turn.</summary>
    internal abstract uint Ahead { get; }

    /// <summary>The descriptor that a place leads to, as it is in memory now: two words. Valid within a turn.</summary>
    internal abstract (ulong Low, ulong High) DescriptorAt(uint place);

    /// <summary>Starts at the beginning of a ring.</summary>
    internal virtual void Start(in RingLayout layout) => Layout = layout;

    /// <summary>
    /// Finds the ring in memory, once per turn: nothing is mapped or unmapped within one. False if it cannot be
    /// accessed.
    /// </summary>
    internal abstract bool BeginTurn();

    /// <summary>Takes the next buffer; false if there is none, or no valid one.</summary>
    internal abstract bool TryTake(BufferChain chain);

    /// <summary>
    /// Gives a buffer back with this many bytes written; its packet continues in the next one, or ends with it.
    /// </summary>
    internal abstract void Use(BufferChain chain, uint written, bool goesOn = false);

    /// <summary>Makes the last buffer taken available again.</summary>
    internal abstract void PutBack(BufferChain chain);

    /// <summary>The current position.</summary>
    internal abstract RingMark Mark();

    /// <summary>Goes back: everything taken and used since is available again.</summary>
    internal abstract void GoBack(RingMark mark);

    /// <summary>Publishes what was used; true if the driver wants an interrupt.</summary>
    internal abstract bool Publish();

    /// <summary>Not everything used has been published.</summary>
    internal virtual bool HasWithheld => false;

    /// <summary>Something was used that the driver cannot see yet.</summary>
    internal abstract bool HasUsed { get; }

    /// <summary>Gives the first of these an id that the ring does not have: a fault of the device.</summary>
    internal abstract void LieAboutId();

    /// <summary>Gives the first of these a length that no buffer has: a fault of the device.</summary>
    internal abstract void LieAboutLength();

    /// <summary>Asks the driver not to notify.</summary>
    internal abstract void SuppressNotifications();

    /// <summary>Asks the driver to notify, and looks once more; true if there is already a buffer.</summary>
    internal abstract bool EnableNotifications();

    /// <summary>
    /// Whether an index passed the event the other side waits for (2.7.10.1): modulo 2^16, whether the event is between
    /// the old position and the new one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static bool IsPassed(ushort wanted, ushort now, ushort before) =>
        (ushort)(now - wanted - 1) < (ushort)(now - before);

    /// <summary>Adds a piece to a chain; false, and the device is broken, if it is not allowed there.</summary>
    protected bool TryAdd(BufferChain chain, ulong address, uint length, bool isWritable, ref ulong total)
    {
        if (!isWritable && chain.Count > chain.Readable) return Break(VirtioRule.WritableFirst, chain.Id);
        total += length;
        if (total > 1ul << 32) return Break(VirtioRule.ChainTooLarge, total);
        if (length == 0) return true;
        byte* memory = Dma.Translate(address, length, Name);
        if (memory is null) return Fault();
        chain.Add(address, memory, length, isWritable);
        return true;
    }

    /// <summary>The driver broke a rule, and the ring cannot be used any more (2.1.2: NEEDS_RESET).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    protected bool Break(VirtioRule rule, ulong value)
    {
        Card.Report(rule, Name, value);
        return Fault();
    }

    /// <summary>The same if the violation has already been reported.</summary>
    protected bool Fault()
    {
        Card.Control.NeedReset();
        return false;
    }
}
