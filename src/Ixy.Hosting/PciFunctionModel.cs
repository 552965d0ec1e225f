using Ixy.Hosting.Interrupts;
using Ixy.Hosting.Pci;
using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// A model of a device: one PCI function with BARs, a port and a clock. It knows neither drivers nor its host.
/// Single-threaded: the host serialises register accesses and turns of <see cref="Poll"/>.
/// </summary>
public abstract unsafe class PciFunctionModel : IDisposable
{
    /// <summary>Creates a model with nothing mapped yet.</summary>
    protected PciFunctionModel() => Dma = new DmaSpace(Violations);

    /// <summary>Datasheet rules that the driver has broken.</summary>
    public RuleViolations Violations { get; } = new();

    /// <summary>What drivers did that breaks no rule but is worth knowing.</summary>
    public DeviceNotes Notes { get; } = new();

    /// <summary>Memory as the device sees it.</summary>
    public DmaSpace Dma { get; }

    /// <summary>
    /// Observes what passes between the model and its host; null for no observer. Set it before the model is hosted.
    /// </summary>
    public FunctionObserver? Observer
    {
        get => Dma.Observer;
        set => Dma.Observer = Violations.Observer = value;
    }

    /// <summary>Where interrupts go; nowhere if null.</summary>
    internal IInterruptTarget? InterruptTarget { get; set; }

    /// <summary>What the host has told the driver.</summary>
    internal HostNotices Notices { get; } = new();

    /// <summary>The device's clock in nanoseconds, as of the last turn or register access.</summary>
    public long Now { get; protected set; }

    /// <summary>
    /// Sets the clock before a register access, so that delays are exact even if the device's last turn was long ago.
    /// </summary>
    internal void SetClock(long now) => Now = Math.Max(Now, now);

    /// <summary>
    /// Tells the driver that the host wants the function back, as it does before it unplugs one: the driver finds a
    /// <see cref="DeviceRequestedException"/>. The function goes on until it is released. Call it in a turn, or between
    /// two.
    /// </summary>
    public void RequestRelease() => Notices.Give(HostNotice.Request);

    /// <summary>
    /// Tells the driver that the function's link has had an error that cannot be corrected (AER): the driver finds a
    /// <see cref="DeviceGoneException"/>. The function itself goes on. Call it in a turn, or between two.
    /// </summary>
    public void ReportBusError() => Notices.Give(HostNotice.BusError);

    /// <summary>Length of configuration space in bytes.</summary>
    public abstract int ConfigLength { get; }

    /// <summary>The function's way to the host's interrupt controller.</summary>
    public abstract PciInterrupts HostInterrupts { get; }

    /// <summary>Length of a BAR in bytes; 0 if there is none.</summary>
    public abstract uint BarLength(int bar);

    /// <summary>Reads 1, 2 or 4 bytes of configuration space.</summary>
    public uint ReadConfig(int offset, int size)
    {
        SeeDoorbells();
        uint value = LoadConfig(offset, size);
        Observer?.ConfigRead(offset, value, size);
        return value;
    }

    /// <summary>Writes 1, 2 or 4 bytes of configuration space.</summary>
    public void WriteConfig(int offset, uint value, int size)
    {
        SeeDoorbells();
        Observer?.ConfigWritten(offset, value, size);
        StoreConfig(offset, value, size);
    }

    /// <summary>A read of 1, 2 or 4 bytes by software, naturally aligned.</summary>
    public uint ReadBar(int bar, uint offset, int size = sizeof(uint))
    {
        SeeDoorbells();
        uint value = LoadBar(bar, offset, size);
        Observer?.BarRead(bar, offset, value, size);
        return value;
    }

    /// <summary>A write of 1, 2 or 4 bytes by software, naturally aligned.</summary>
    public void WriteBar(int bar, uint offset, uint value, int size = sizeof(uint))
    {
        SeeDoorbells();
        Observer?.BarWritten(bar, offset, value, size);
        StoreBar(bar, offset, value, size);
    }

    /// <summary>
    /// Called before an access by software, so that doorbells it has already rung by plain stores are seen first:
    /// nothing passes a posted write (PCI Express Base 2.0, 2.4.1).
    /// </summary>
    public abstract void SeeDoorbells();

    /// <summary>Implements <see cref="ReadConfig"/>.</summary>
    protected abstract uint LoadConfig(int offset, int size);

    /// <summary>Implements <see cref="WriteConfig"/>.</summary>
    protected abstract void StoreConfig(int offset, uint value, int size);

    /// <summary>Implements <see cref="ReadBar"/>.</summary>
    protected abstract uint LoadBar(int bar, uint offset, int size);

    /// <summary>Implements <see cref="WriteBar"/>.</summary>
    protected abstract void StoreBar(int bar, uint offset, uint value, int size);

    /// <summary>
    /// The memory of a register that software may store to directly; null if it must call <see cref="WriteBar"/>.
    /// </summary>
    public abstract void* TryGetShared(int bar, uint offset);

    /// <summary>The pages of a BAR that software may use as plain memory; null if there are none.</summary>
    public abstract SharedPages? SharedPages(int bar);

    /// <summary>
    /// Software may access a shared page freely: no register in it has side effects on reads or reads back something
    /// other than what was stored, and stores take effect.
    /// </summary>
    public abstract bool IsPlainMemory(int bar, uint page);

    /// <summary>
    /// One turn of the device's clock: moves some packets, lets timers expire. True if there was anything to do.
    /// </summary>
    /// <param name="now">Nanoseconds; never goes back.</param>
    public abstract bool Poll(long now);

    /// <summary>
    /// Function-level or PCI reset: configuration and registers as after power-on, except those without a reset value
    /// and those reset only by power-on.
    /// </summary>
    public abstract void PciReset();

    /// <inheritdoc/>
    public virtual void Dispose() => Dma.Dispose();
}
