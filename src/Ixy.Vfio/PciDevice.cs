namespace Ixy.Vfio;

/// <summary>
/// A PCI function that this process drives: its configuration space, BARs and DMA mappings.
/// One subclass per transport (sysfs, kernel VFIO, vfio-user, in-process simulation).
/// Disposing turns bus mastering off first, so that no DMA reaches memory that is about to go away, and then
/// releases every mapping and descriptor. Not thread-safe, except for BAR accesses.
/// </summary>
public abstract partial class PciDevice : IDisposable
{
    private const ushort IoSpaceEnable = 1 << 0, MemorySpaceEnable = 1 << 1, BusMasterEnable = 1 << 2;
    private bool _disposed;

    /// <summary>
    /// What it is called: the PCI address or device specifier that the user asked for. Messages, captures and metrics go by it, so no two that
    /// are open at once should have the same.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>PCI vendor id (configuration offset 0x00).</summary>
    public ushort VendorId => (ushort)ReadConfig(PciConfig.VendorId, 2);

    /// <summary>PCI device id (configuration offset 0x02).</summary>
    public ushort DeviceId => (ushort)ReadConfig(PciConfig.DeviceId, 2);

    /// <summary>PCI class code: base class, subclass and interface in 24 bits (configuration offset 0x09).</summary>
    public uint ClassCode => ReadConfig(PciConfig.RevisionId, 4) >> 8;

    /// <summary>
    /// The address a device uses for DMA equals the process's virtual address. False on transports without an IOMMU,
    /// where <see cref="DmaArena.PhysicalFrames"/> translates.
    /// </summary>
    public virtual bool DeviceAddressIsVirtual => true;

    /// <summary>
    /// What the device does by DMA goes through an IOMMU that knows nothing but the mapped memory. A device that goes around
    /// it (legacy virtio) cannot be driven then. False where there is none, or only the model of a device.
    /// </summary>
    public virtual bool HasIommu => false;

    /// <summary>
    /// Throws where the addresses that the device is given lead nowhere: physical ones, behind an IOMMU that translates. Drivers ask,
    /// as a device that goes around the IOMMU (legacy virtio, or virtio without VIRTIO_F_ACCESS_PLATFORM) needs just these.
    /// </summary>
    /// <exception cref="IommuTranslatesException">They do; the message says what helps.</exception>
    public virtual void ThrowIfTranslated()
    {
        // Most transports have no IOMMU, or tell it the addresses.
    }

    /// <summary>
    /// The NUMA node the device is attached to: memory and cores of that node are the nearest. Null where there is none:
    /// on machines with a single one, and for devices that are simulated or in another process.
    /// </summary>
    public virtual int? NumaNode => null;

    /// <summary>
    /// The device has left for good and every access to it fails, as when the server of a vfio-user device has ended. It is
    /// to be disposed. For any thread, and as cheap as a look at a variable.
    /// </summary>
    public virtual bool IsGone => false;

    /// <summary>
    /// Throws what made the device leave (<see cref="IsGone"/>). A loop that only polls memory would never learn of it: let
    /// another thread, or the loop itself now and then, ask here. For any thread.
    /// </summary>
    /// <exception cref="PciDeviceException">The device is gone; the message has the reason.</exception>
    public virtual void ThrowIfGone()
    {
        // Most devices stay.
    }

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
    public void EnableBars() => WriteConfig(PciConfig.Command, Command | MemorySpaceEnable | IoSpaceEnable, 2);

    /// <summary>Lets the device read and write memory on its own (PCI command register, bit 2), and decode its BARs (bits 0 and 1).</summary>
    /// <exception cref="PciDeviceException">The access failed.</exception>
    public void EnableBusMaster() =>
        WriteConfig(PciConfig.Command, Command | BusMasterEnable | MemorySpaceEnable | IoSpaceEnable, 2);

    /// <summary>Stops every DMA of the device (PCI command register, bit 2).</summary>
    public void DisableBusMaster() => WriteConfig(PciConfig.Command, Command & ~(uint)BusMasterEnable, 2);

    /// <summary>
    /// Resets the function: its registers are as after power-on, and its DMA and interrupts have stopped. The
    /// configuration header stays as it is.
    /// </summary>
    /// <exception cref="PciDeviceException">The function, or the transport, has no reset.</exception>
    public virtual void Reset() => throw new PciDeviceException($"{Name}: this transport cannot reset a function");

    /// <summary>Walks the capability list (PCI Local Bus 3.0, section 6.7).</summary>
    /// <param name="id">The capability's id, e.g. 0x11 for MSI-X; several may have the same (0x09, vendor specific).</param>
    /// <returns>Offsets in configuration space, in the order of the list; none where the function has no such capability.</returns>
    /// <exception cref="PciDeviceException">An access failed, or the list does not end.</exception>
    public IEnumerable<int> FindCapabilities(byte id)
    {
        const uint HasList = 1 << 4;
        if ((ReadConfig(PciConfig.Status, 2) & HasList) == 0) yield break;
        // A list without an end would have more entries than the space has room for.
        int left = (256 - 64) / 4;
        for (int offset = Next(PciConfig.CapabilitiesPointer); offset != 0; offset = Next(offset + 1))
        {
            if (left-- == 0) throw new PciDeviceException($"{Name}: the list of capabilities in configuration space has no end");
            if (ReadConfig(offset, 1) == id) yield return offset;
        }

        int Next(int pointer) => (int)ReadConfig(pointer, 1) & ~3;
    }

    /// <summary>Makes a piece of the DMA arena visible to the device. Called by <see cref="DmaArena"/>.</summary>
    /// <param name="chunk">Contiguous memory of this process; see <see cref="DmaChunk"/> for its descriptor.</param>
    protected internal abstract void MapDma(DmaChunk chunk);

    /// <summary>Takes the memory away from the device again; it must not touch it any more when this returns.</summary>
    protected internal abstract void UnmapDma(DmaChunk chunk);

    /// <summary>Interrupts and bus master off, DMA unmapped, descriptors closed. Does nothing the second time.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            UnlessGone(() => _interrupts?.Dispose());
        }
        finally
        {
            StopDma();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Whether the device answers at the moment. Whoever asks it something of his own accord, that nobody waits for, asks this first:
    /// a server that is stopped for a while is not to be lost by it. For any thread.
    /// </summary>
    public virtual bool AnswersNow() => true;

    /// <summary>Does what quiets the device. One that is gone, or leaves meanwhile, is quiet already: that is no error then.</summary>
    /// <exception cref="PciDeviceException">The action failed though the device is there.</exception>
    public void UnlessGone(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            action();
        }
        catch (PciDeviceException) when (IsGone)
        {
            // What was to be stopped has stopped.
        }
    }

    /// <summary>Releases what the transport holds. Called once, after bus mastering is off and all memory unmapped.</summary>
    protected abstract void Close();

    private void StopDma()
    {
        try
        {
            UnlessGone(DisableBusMaster);
        }
        finally
        {
            ReleaseDma();
        }
    }

    private void ReleaseDma()
    {
        try
        {
            DmaArena.Detach(this);
        }
        finally
        {
            Close();
        }
    }

    private uint Command => ReadConfig(PciConfig.Command, 2);
}

/// <summary>Offsets in the PCI configuration header (PCI Local Bus 3.0, section 6.1).</summary>
public static class PciConfig
{
    /// <summary>Vendor id, 16 bits.</summary>
    public const int VendorId = 0x00;
    /// <summary>Device id, 16 bits.</summary>
    public const int DeviceId = 0x02;
    /// <summary>Command register, 16 bits: I/O space, memory space, bus master, …</summary>
    public const int Command = 0x04;
    /// <summary>Status register, 16 bits.</summary>
    public const int Status = 0x06;
    /// <summary>Revision id, 8 bits, followed by the 24-bit class code.</summary>
    public const int RevisionId = 0x08;
    /// <summary>First base address register; six of 32 bits follow each other.</summary>
    public const int Bar0 = 0x10;
    /// <summary>Subsystem vendor id, 16 bits.</summary>
    public const int SubsystemVendorId = 0x2c;
    /// <summary>Subsystem id, 16 bits.</summary>
    public const int SubsystemId = 0x2e;
    /// <summary>Offset of the first capability, 8 bits.</summary>
    public const int CapabilitiesPointer = 0x34;
}
