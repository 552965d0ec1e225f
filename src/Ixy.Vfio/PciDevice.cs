using System.Runtime.ExceptionServices;

namespace Ixy.Vfio;

/// <summary>
/// A PCI function that this process drives: its configuration space, BARs and DMA mappings. One subclass per transport
/// (sysfs, kernel VFIO, vfio-user, in-process simulation). Disposing first turns off bus mastering, so that no DMA
/// reaches memory that is about to be released, and then releases every mapping and descriptor. Not thread-safe, except
/// for BAR accesses.
/// </summary>
public abstract partial class PciDevice : IDisposable
{
    internal const byte PowerManagementId = 0x01, MsiId = 0x05, MsixId = 0x11, PowerControl = 4;
    internal const uint PowerStateMask = 3, MsiEnable = 1 << 0, MsixEnable = 1 << 15;
    // Of the command register: I/O ports and memory, bus mastering; of the status register.
    private const uint BarsEnable = 1 << 0 | 1 << 1, BusMasterEnable = 1 << 2, HasCapabilities = 1 << 4;
    private readonly object _access = new();
    private InterruptVectors? _interrupts;
    private bool _disposed;

    /// <summary>
    /// Its name: the PCI address or device specifier that the user gave. Messages, captures and metrics identify it by
    /// this, so no two open at once should have the same.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>PCI vendor id (configuration offset 0x00).</summary>
    public ushort VendorId => (ushort)ReadConfig(PciConfig.VendorId, 2);

    /// <summary>PCI device id (configuration offset 0x02).</summary>
    public ushort DeviceId => (ushort)ReadConfig(PciConfig.DeviceId, 2);

    /// <summary>
    /// The NUMA node the device is attached to: memory and cores of that node are the nearest. Null if there is none:
    /// on machines with a single node, and for devices that are simulated or in another process.
    /// </summary>
    public virtual int? NumaNode => null;

    /// <summary>Reads 1, 2 or 4 bytes of configuration space, little-endian, naturally aligned.</summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public abstract uint ReadConfig(int offset, int size);

    /// <summary>Writes 1, 2 or 4 bytes of configuration space, little-endian, naturally aligned.</summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public abstract void WriteConfig(int offset, uint value, int size);

    /// <summary>Opens a BAR, of memory or I/O ports. Opening one twice returns the same window.</summary>
    /// <param name="index">0 to 5, as in the configuration header.</param>
    /// <exception cref="PciDeviceException">The function has no such BAR, or it cannot be mapped.</exception>
    public abstract PciBar OpenBar(int index);

    /// <summary>Walks the capability list (PCI Local Bus 3.0, section 6.7).</summary>
    /// <param name="id">The capability's id, e.g. 0x11 for MSI-X; several may have the same (0x09, vendor
    /// specific).</param>
    /// <returns>Offsets in configuration space, in list order; none if the function has no such capability.</returns>
    /// <exception cref="PciDeviceException">An access failed, or the list does not end.</exception>
    public IEnumerable<int> FindCapabilities(byte id)
    {
        if ((ReadConfig(PciConfig.Status, 2) & HasCapabilities) == 0) yield break;
        // A list that loops would have more entries than fit into the space.
        int left = (256 - 64) / 4;
        for (int offset = Next(PciConfig.CapabilitiesPointer); offset != 0; offset = Next(offset + 1))
        {
            if (left-- == 0) throw HasNoEnd();
            if (ReadConfig(offset, 1) == id) yield return offset;
        }

        int Next(int pointer) => (int)ReadConfig(pointer, 1) & ~3;
    }

    /// <summary>
    /// Wakes the function up. The previous user may have left it in D3hot, as kernels do with unused functions: it then
    /// answers only in configuration space, and its BARs read as ones. Does nothing in D0, or without power management.
    /// A function that wakes up as if reset gets back its base addresses, and the system's settings for its PCI Express
    /// link. Its BARs and bus mastering are then off until <see cref="EnableBusMaster"/>.
    /// </summary>
    /// <exception cref="PciDeviceException">It does not wake up, or an access failed.</exception>
    public void WakeUp()
    {
        foreach (int capability in FindCapabilities(PowerManagementId))
        {
            if ((ReadConfig(capability + PowerControl, 2) & PowerStateMask) != 0) LeaveSleep(capability + PowerControl);
        }
    }

    /// <summary>
    /// Switches off MSI and MSI-X, which a previous driver may have left on: a polling driver wants no messages, and
    /// both at once are forbidden. Not for a function with connected vectors. The kernel's VFIO has already done this,
    /// and ignores it.
    /// </summary>
    /// <exception cref="PciDeviceException">An access failed.</exception>
    public void DisableMessages()
    {
        foreach (int capability in FindCapabilities(MsiId)) ChangeConfig(capability + 2, clear: MsiEnable, set: 0);
        foreach (int capability in FindCapabilities(MsixId)) ChangeConfig(capability + 2, clear: MsixEnable, set: 0);
    }

    /// <summary>
    /// Lets the device decode its BARs (PCI command register, bits 0 and 1), which is needed to reset one whose queues
    /// were left on: with <see cref="EnableBusMaster"/> they would run before the reset.
    /// </summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public void EnableBars() => ChangeConfig(PciConfig.Command, clear: 0, set: BarsEnable);

    /// <summary>
    /// Lets the device read and write memory on its own (PCI command register, bit 2), and decode its BARs (bits 0 and
    /// 1).
    /// </summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public void EnableBusMaster() => ChangeConfig(PciConfig.Command, clear: 0, set: BusMasterEnable | BarsEnable);

    /// <summary>Stops every DMA of the device (PCI command register, bit 2).</summary>
    public void DisableBusMaster() => ChangeConfig(PciConfig.Command, clear: BusMasterEnable, set: 0);

    /// <summary>Makes a piece of the DMA arena visible to the device. Called by <see cref="DmaArena"/>.</summary>
    /// <param name="chunk">Contiguous memory of this process; see <see cref="DmaChunk"/> for its descriptor.</param>
    protected internal abstract void MapDma(DmaChunk chunk);

    /// <summary>
    /// Takes the memory away from the device again; it must not access it any more when this returns.
    /// </summary>
    protected internal abstract void UnmapDma(DmaChunk chunk);

    /// <summary>
    /// Turns off interrupts and bus mastering, unmaps DMA, closes descriptors. Does nothing the second time.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true)) return;
        InTurn(() => _interrupts?.Dispose(), DisableBusMaster, () => DmaArena.Detach(this), Close);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Whether the device answers at the moment. Call this before any access that nobody is waiting for: a server that
    /// is only stopped for a while must not be lost because of it. For any thread.
    /// </summary>
    public virtual bool AnswersNow() => true;

    /// <summary>
    /// Runs register accesses that belong together, such as reading counters that are cleared by reading: other threads
    /// that use this method wait, and a simulated card stands still. For any thread; may be nested.
    /// </summary>
    /// <remarks>
    /// A lock in the driver would not do: a thread that holds a simulated card still and then wants the lock would wait
    /// for a thread that has the lock and waits for the card.
    /// </remarks>
    public virtual T Exclusively<T>(Func<T> accesses)
    {
        lock (_access) return accesses();
    }

    /// <summary>
    /// Runs the steps that quiesce and release a device, each of them whatever the previous ones throw. A device that
    /// is gone, or disappears meanwhile, is already quiesced: its errors do not count. One that the kernel wants back
    /// may disappear at any time.
    /// </summary>
    /// <exception cref="PciDeviceException">
    /// A step failed although the device is there: the first one that did. All were run.
    /// </exception>
    public void InTurn(params ReadOnlySpan<Action> steps) => RunEach(steps, e => e is PciDeviceException && IsGone);

    /// <summary>Runs all steps, and then throws the first error that counts.</summary>
    internal static void RunEach(ReadOnlySpan<Action> steps, Func<Exception, bool> isHarmless)
    {
        Exception? first = null;
        foreach (var step in steps)
        {
            try
            {
                step();
            }
            catch (Exception error)
            {
                first ??= isHarmless(error) ? null : error;
            }
        }
        if (first is not null) ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>
    /// Releases what the transport holds. Called once, after bus mastering is off and all memory is unmapped.
    /// </summary>
    protected abstract void Close();

    /// <summary>Changes bits of a register of 16 bits in configuration space.</summary>
    internal void ChangeConfig(int offset, uint clear, uint set) =>
        WriteConfig(offset, ReadConfig(offset, 2) & ~clear | set, 2);
}
