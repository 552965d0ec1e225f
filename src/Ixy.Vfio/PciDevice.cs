namespace Ixy.Vfio;

/// <summary>
/// A PCI function that this process drives: its configuration space, BARs and DMA mappings.
/// One subclass per transport (sysfs, kernel VFIO, vfio-user, in-process simulation).
/// Disposing turns bus mastering off first, so that no DMA reaches memory that is about to go away, and then
/// releases every mapping and descriptor. Not thread-safe, except for BAR accesses.
/// </summary>
public abstract partial class PciDevice : IDisposable
{
    private const uint IoSpaceEnable = 1 << 0, MemorySpaceEnable = 1 << 1, BusMasterEnable = 1 << 2;
    private readonly object _access = new();
    private bool _disposed;

    /// <summary>
    /// What it is called: the PCI address or device specifier that the user asked for. Messages, captures and metrics
    /// go by it, so no two that are open at once should have the same.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>PCI vendor id (configuration offset 0x00).</summary>
    public ushort VendorId => (ushort)ReadConfig(PciConfig.VendorId, 2);

    /// <summary>PCI device id (configuration offset 0x02).</summary>
    public ushort DeviceId => (ushort)ReadConfig(PciConfig.DeviceId, 2);

    /// <summary>
    /// The NUMA node the device is attached to: memory and cores of that node are the nearest. Null where there is
    /// none: on machines with a single one, and for devices that are simulated or in another process.
    /// </summary>
    public virtual int? NumaNode => null;

    /// <summary>Reads 1, 2 or 4 bytes of configuration space, little-endian, naturally aligned.</summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public abstract uint ReadConfig(int offset, int size);

    /// <summary>Writes 1, 2 or 4 bytes of configuration space, little-endian, naturally aligned.</summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public abstract void WriteConfig(int offset, uint value, int size);

    /// <summary>Opens a BAR, of memory or I/O ports. Opening one twice gives the same window.</summary>
    /// <param name="index">0 to 5, as in the configuration header.</param>
    /// <exception cref="PciDeviceException">The function has no such BAR, or it cannot be mapped.</exception>
    public abstract PciBar OpenBar(int index);

    /// <summary>
    /// Lets the device decode its BARs (PCI command register, bits 0 and 1), as is needed to reset one whose queues
    /// somebody left on: with <see cref="EnableBusMaster"/> they would run before.
    /// </summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public void EnableBars() => ChangeCommand(clear: 0, set: MemorySpaceEnable | IoSpaceEnable);

    /// <summary>
    /// Lets the device read and write memory on its own (PCI command register, bit 2), and decode its BARs (bits 0 and
    /// 1).
    /// </summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public void EnableBusMaster() => ChangeCommand(clear: 0, set: BusMasterEnable | MemorySpaceEnable | IoSpaceEnable);

    /// <summary>Stops every DMA of the device (PCI command register, bit 2).</summary>
    public void DisableBusMaster() => ChangeCommand(clear: BusMasterEnable, set: 0);

    /// <summary>Makes a piece of the DMA arena visible to the device. Called by <see cref="DmaArena"/>.</summary>
    /// <param name="chunk">Contiguous memory of this process; see <see cref="DmaChunk"/> for its descriptor.</param>
    protected internal abstract void MapDma(DmaChunk chunk);

    /// <summary>Takes the memory away from the device again; it must not touch it any more when this returns.</summary>
    protected internal abstract void UnmapDma(DmaChunk chunk);

    /// <summary>
    /// Interrupts and bus master off, DMA unmapped, descriptors closed. Does nothing the second time.
    /// </summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        InTurn(() => _interrupts?.Dispose(), DisableBusMaster, () => DmaArena.Detach(this), Close);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Whether the device answers at the moment. Whoever asks it something of his own accord, that nobody waits for,
    /// asks this first: a server that is stopped for a while is not to be lost by it. For any thread.
    /// </summary>
    public virtual bool AnswersNow() => true;

    /// <summary>
    /// Runs register accesses that belong together, as to counters which a read clears: those of other threads that
    /// come this way wait, and a simulated card stands still. For any thread; may be nested.
    /// </summary>
    /// <remarks>
    /// A lock of the driver's own would not do: whoever holds a simulated card still and then wants the lock waits for
    /// a thread that has it and waits for the card.
    /// </remarks>
    public virtual T Exclusively<T>(Func<T> accesses)
    {
        lock (_access) return accesses();
    }

    /// <summary>
    /// Takes the steps that quiet and release a device, each of them whatever the ones before throw. A device that is
    /// gone, or leaves meanwhile, is quiet already: its errors do not count then. One that the kernel asks for may
    /// leave at any time.
    /// </summary>
    /// <exception cref="PciDeviceException">A step failed though the device is there. All were taken.</exception>
    public void InTurn(params ReadOnlySpan<Action> steps)
    {
        if (steps.IsEmpty) return;
        try
        {
            steps[0]();
        }
        catch (PciDeviceException) when (IsGone)
        {
            // What was to be stopped has stopped.
        }
        finally
        {
            InTurn(steps[1..]);
        }
    }

    /// <summary>
    /// Releases what the transport holds. Called once, after bus mastering is off and all memory unmapped.
    /// </summary>
    protected abstract void Close();

    private void ChangeCommand(uint clear, uint set) =>
        WriteConfig(PciConfig.Command, ReadConfig(PciConfig.Command, 2) & ~clear | set, 2);
}
