using Ixy.Vfio.Interop;
using Ixy.Vfio.Interrupts;
using Ixy.Vfio.Kernel;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio;

/// <summary>
/// The vfio-user transport: a device that another process emulates, reached through a Unix socket (QEMU,
/// docs/interop/vfio-user.rst). The server maps the DMA arena, and this process maps the areas of BARs that the server
/// offers, so that doorbells and descriptors are plain memory; everything else is a message and its reply. When the
/// server ends, every call throws within a moment; loops that only poll should call
/// <see cref="PciDevice.ThrowIfGone"/>.
/// </summary>
/// <remarks>
/// The server can write to all DMA memory of this process, and can take away what it offered for mapping: connect only
/// to servers you trust that far. Its answers are checked.
/// </remarks>
public sealed unsafe partial class VfioUserPciDevice : PciDevice
{
    /// <summary>Prefix of specifiers for this transport; the path of the server's socket follows.</summary>
    public const string Prefix = "vfio-user:";

    private readonly MessageBar?[] _bars = new MessageBar?[6];
    private readonly ClientConnection _connection;
    private readonly ServerRegion _config;
    private readonly Protocol.device_info _info;
    // Not a Lock: see ClientConnection.
    private readonly object _eventLock = new();
    private int[] _events = [];

    /// <summary>Connects to a server.</summary>
    /// <param name="socket">The path of its socket, at most 107 bytes.</param>
    /// <param name="check">Called with the function once its configuration can be read; throws if it is not
    /// wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is no such socket, or nothing is listening.</exception>
    /// <exception cref="DeviceSpecifierException">The path is too long, or empty.</exception>
    /// <exception cref="PrivilegeException">This user may not open the socket.</exception>
    /// <exception cref="DeviceBusyException">Too many clients are waiting there.</exception>
    /// <exception cref="DeviceTimeoutException">
    /// The server does not answer; perhaps it serves another client.
    /// </exception>
    /// <exception cref="VfioUserDisconnectedException">The server is gone, or refuses the connection.</exception>
    /// <exception cref="VfioUserProtocolException">It speaks another version, or violates the protocol.</exception>
    public VfioUserPciDevice(string socket, Action<PciDevice>? check = null)
        : this(socket, check, ClientConnection.StandardTimeout)
    {
    }

    internal VfioUserPciDevice(
        string socket, Action<PciDevice>? check, TimeSpan timeout, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        (Name, Clock) = (Prefix + socket, clock ?? TimeProvider.System);
        _connection = new(socket, Name, timeout) { WhenGone = WakeWaiters };
        // Configuration space is never mapped: every read asks the device.
        using var file = new PassedDescriptors();
        try
        {
            _info = QueryDevice();
            _config = FindRegion(PCI_CONFIG_REGION_INDEX, "configuration space", out _, file);
            check?.Invoke(this);
            _notices = new(Name, "its server", ConnectNotice, Clock);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size) => _config.Read((uint)offset, size);

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size) => _config.Write((uint)offset, value, size);

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5) throw new PciDeviceException($"{Name}: a PCI function has the BARs 0 to 5, not {index}");
        return _bars[index] ??= MapBar(index);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        if ((_info.flags & DEVICE_FLAGS_RESET) == 0)
            throw new PciDeviceException($"{Name}: its server offers no reset");
        // A server resets the whole function; with the kernel's VFIO the header would be kept. Only the command
        // register matters here.
        uint command = ReadConfig(PciConfig.Command, 2);
        _connection.Call(Command.DEVICE_RESET, [], []);
        WriteConfig(PciConfig.Command, command, 2);
    }

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) => CountVectors((uint)kind);

    /// <inheritdoc/>
    protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
    {
        lock (_eventLock) _events = eventDescriptors.ToArray();
        try
        {
            PassEvents(kind, eventDescriptors);
            // The kernel's VFIO does this by itself; here there is nothing between driver and device.
            MessageControl.Enable(this, kind, eventDescriptors.Length);
        }
        catch
        {
            DisconnectInterrupts(kind);
            throw;
        }
    }

    /// <inheritdoc/>
    protected internal override void DisconnectInterrupts(InterruptKind kind)
    {
        lock (_eventLock) _events = [];
        InTurn(() =>
        {
            MessageControl.Disable(this, kind);
            SetInterrupts((uint)kind, IRQ_SET_DATA_NONE | IRQ_SET_ACTION_TRIGGER, 0, 0, []);
        });
    }

    /// <inheritdoc/>
    protected internal override void MaskInterruptLine(bool masked)
    {
        uint action = masked ? IRQ_SET_ACTION_MASK : IRQ_SET_ACTION_UNMASK;
        SetInterrupts((uint)InterruptKind.Intx, IRQ_SET_DATA_NONE | action, 0, 1, []);
    }

    /// <inheritdoc/>
    protected internal override void MapDma(DmaChunk chunk) => InTurn(() => _connection.MapDma(chunk));

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk) => InTurn(() => _connection.UnmapDma(chunk));

    /// <inheritdoc/>
    protected override void Close()
    {
        foreach (var bar in _bars) bar?.Dispose();
        Array.Clear(_bars);
        _connection.Dispose();
        _notices?.Dispose();
    }

    private Protocol.device_info QueryDevice()
    {
        var info = _connection.Ask(
            Command.DEVICE_GET_INFO, new Protocol.device_info { argsz = (uint)sizeof(Protocol.device_info) });
        if ((info.flags & DEVICE_FLAGS_PCI) == 0 || info.num_regions <= PCI_CONFIG_REGION_INDEX)
            throw new PciDeviceException(
                $"{Name} is not a PCI device: flags 0x{info.flags:x}, {info.num_regions} regions, expected bit "
                + $"{DEVICE_FLAGS_PCI} and 9 regions");
        return info;
    }

    private MessageBar MapBar(int index)
    {
        using var file = new PassedDescriptors();
        var region = FindRegion(index, $"BAR {index}", out var info, file);
        return new MessageBar($"{Name}: BAR {index}", region, info, file.Count > 0 ? file.Peek(0) : -1);
    }

    private ServerRegion FindRegion(int index, string what, out VfioRegion info, PassedDescriptors file)
    {
        var region = new ServerRegion(_connection, $"{Name}: {what}", index);
        info = region.Describe(file);
        return info.Length > 0 ? region : throw new PciDeviceException($"{Name} has no {what}");
    }

    private int MostDescriptors =>
        (int)Math.Min(_connection.Server.MaxMessageDescriptors, MessageSocket.MostDescriptors);

    // The kinds as VFIO counts them, and behind them the notices.
    private int CountVectors(uint index)
    {
        const uint Most = 2048;
        if (index >= _info.num_irqs) return 0;
        var info = _connection.Ask(
            Command.DEVICE_GET_IRQ_INFO, new irq_info { argsz = (uint)sizeof(irq_info), index = index });
        _connection.Require(info.index == index && info.count <= Most, Command.DEVICE_GET_IRQ_INFO,
            $"{info.count} vectors of kind {info.index}, expected 0 to {Most} of kind {index}");
        return (int)info.count;
    }

    private void PassEvents(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
    {
        int most = MostDescriptors;
        if (most == 0)
            throw new InterruptsNotSupportedException(
                $"{Name}: its server takes no descriptors, so it cannot signal interrupts: poll instead");
        for (int start = 0; start < eventDescriptors.Length; start += most)
        {
            var part = eventDescriptors.Slice(start, Math.Min(most, eventDescriptors.Length - start));
            SetInterrupts((uint)kind, IRQ_SET_DATA_EVENTFD | IRQ_SET_ACTION_TRIGGER, start, part.Length, part);
        }
    }

    private void SetInterrupts(uint index, uint flags, int start, int count, ReadOnlySpan<int> eventDescriptors) =>
        _connection.Tell(Command.DEVICE_SET_IRQS, new irq_set
        {
            argsz = (uint)sizeof(irq_set),
            flags = flags,
            index = index,
            start = (uint)start,
            count = (uint)count,
        }, eventDescriptors);

    // A thread waiting for an interrupt of a device that is gone would wait forever.
    private void WakeWaiters()
    {
        ulong one = 1;
        lock (_eventLock)
        {
            foreach (int descriptor in _events) _ = Libc.write(descriptor, &one, sizeof(ulong));
        }
    }
}
