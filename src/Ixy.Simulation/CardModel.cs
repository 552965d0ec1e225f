using Ixy.Simulation.Pci;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation;

/// <summary>Where a card's interrupts go: the host that the card is plugged into.</summary>
internal interface IInterruptTarget
{
    /// <summary>An MSI or MSI-X message was sent for <paramref name="vector"/>.</summary>
    void Message(int vector);

    /// <summary>The INTx line changed.</summary>
    void Line(bool asserted);
}

/// <summary>
/// A model of a card: one PCI function with BARs, a port and a clock. It knows neither drivers nor how it is hosted.
/// Single-threaded: the host serialises register accesses and turns of <see cref="Poll"/>.
/// </summary>
internal abstract unsafe class CardModel : IDisposable
{
    protected CardModel(Wire wire)
    {
        Wire = wire;
        Dma = new DmaSpace(Violations);
    }

    /// <summary>What the port is plugged into. Owned by the card.</summary>
    internal Wire Wire { get; }

    /// <summary>Rules of the datasheet that the driver broke.</summary>
    internal RuleViolations Violations { get; } = new();

    /// <summary>What else drivers did that is worth knowing.</summary>
    internal CardNotes Notes { get; } = new();

    /// <summary>Memory as the card sees it.</summary>
    internal DmaSpace Dma { get; }

    /// <summary>Where interrupts go; nowhere while null.</summary>
    internal IInterruptTarget? InterruptTarget { get; set; }

    /// <summary>The device's clock in nanoseconds, as of the last turn or register access.</summary>
    internal long Now { get; private protected set; }

    /// <summary>Sets the clock before a register access, so that delays are exact even if the card's last turn was long ago.</summary>
    internal void SetClock(long now) => Now = Math.Max(Now, now);

    /// <summary>Register accesses with names are written here while it is set.</summary>
    internal abstract Action<string>? Trace { get; set; }

    /// <summary>Length of configuration space in bytes.</summary>
    internal abstract int ConfigLength { get; }

    /// <summary>The function's way to the host's interrupt controller.</summary>
    internal abstract PciInterrupts HostInterrupts { get; }

    /// <summary>The port has a link, and frames can pass.</summary>
    internal abstract bool LinkIsUp { get; }

    /// <summary>The driver wants frames: it has set up its rings and enabled receiving. For any thread.</summary>
    internal abstract bool IsReceiving { get; }

    /// <summary>Length of a BAR in bytes; 0 if there is none.</summary>
    internal abstract uint BarLength(int bar);

    /// <summary>Reads 1, 2 or 4 bytes of configuration space.</summary>
    internal abstract uint ReadConfig(int offset, int size);

    /// <summary>Writes 1, 2 or 4 bytes of configuration space.</summary>
    internal abstract void WriteConfig(int offset, uint value, int size);

    /// <summary>A read of 1, 2 or 4 bytes by software, naturally aligned.</summary>
    internal abstract uint ReadBar(int bar, uint offset, int size = sizeof(uint));

    /// <summary>A write of 1, 2 or 4 bytes by software, naturally aligned.</summary>
    internal abstract void WriteBar(int bar, uint offset, uint value, int size = sizeof(uint));

    /// <summary>Where software may store to a register directly; null where it must call <see cref="WriteBar"/>.</summary>
    internal abstract void* TryGetShared(int bar, uint offset);

    /// <summary>The pages of a BAR that software may see as plain memory; null if there are none.</summary>
    internal abstract SharedPages? SharedPages(int bar);

    /// <summary>
    /// Software may access a shared page as it likes: no register in it changes by being read, and what a store does is seen.
    /// </summary>
    internal abstract bool IsPlainMemory(int bar, uint page);

    /// <summary>One turn of the device's clock: moves some packets, lets timers expire. True if there was anything to do.</summary>
    /// <param name="now">Nanoseconds; never goes back.</param>
    internal abstract bool Poll(long now);

    /// <summary>Function-level or PCI reset: configuration and registers as after power-on.</summary>
    internal abstract void PciReset();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        Dma.Dispose();
        Wire.Dispose();
    }
}
