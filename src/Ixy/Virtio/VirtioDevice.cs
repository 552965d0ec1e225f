using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

/// <summary>
/// The driver for virtio network cards, modern and legacy, with split and packed rings. Section numbers are those of
/// "Virtual I/O Device (VIRTIO) Version 1.2". It requires what it cannot work without, and uses the rest if offered.
/// </summary>
public sealed partial class VirtioDevice : NetworkDevice
{
    internal const string Driver = "virtio-net";

    private readonly PciDevice _device;
    private readonly NetworkDeviceOptions _options;
    private readonly VirtioTransport _transport;
    private readonly InterruptVectors? _vectors;
    private readonly List<Virtqueue> _rings = [];
    private readonly List<VirtioReceiveQueue> _receiveQueues = [];
    private readonly List<VirtioTransmitQueue> _transmitQueues = [];
    private readonly List<MacAddress> _unicast = [], _multicast = [];
    private VirtioFeatures _features;
    private VirtioControlQueue? _control;
    private MacAddress _macAddress;

    /// <summary>
    /// Resets the device and sets it up (3.1.1). Owns <paramref name="device"/>; the caller disposes it if this throws.
    /// </summary>
    /// <exception cref="PciDeviceException">
    /// The device does not answer as the specification says, or there is no memory.
    /// </exception>
    internal VirtioDevice(PciDevice device, NetworkDeviceOptions options)
    {
        (_device, _options) = (device, options);
        StopDma(device);
        // The legacy interface has other registers while MSI-X is on (4.1.4.10), so this comes first.
        if (options.Interrupts) _vectors = device.EnableInterrupts(InterruptKind.Msix, options.ReceiveQueues);
        _transport = VirtioTransport.Open(device);
        RequireReachableMemory(device, _transport);
        Reset();
        device.EnableBusMaster();
        DmaArena.Attach(device);
        try
        {
            SetUp();
        }
        catch
        {
            StopAndRelease();
            throw;
        }
        SetQueues(_receiveQueues, _transmitQueues, options);
        StartStatusTimer();
    }

    /// <inheritdoc/>
    public override string DriverName => Driver;

    /// <inheritdoc/>
    public override PciDevice PciDevice => _device;

    /// <summary>
    /// Bytes of the largest packet the network takes, not counting the Ethernet header (5.1.4.1); null if the device
    /// does not say. Frames longer than that plus a header, with or without a VLAN tag, are not sent.
    /// </summary>
    public int? Mtu { get; private set; }

    /// <inheritdoc/>
    /// <remarks>A device without one gets a random address when it is opened (5.1.5).</remarks>
    public override MacAddress MacAddress
    {
        get => _macAddress;
        set
        {
            RequireUnicast(value);
            WriteMacAddress(value);
            _macAddress = value;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="DeviceNeedsResetException">The device has given up.</exception>
    public override LinkStatus Link
    {
        get
        {
            ThrowIfResetIsNeeded();
            // Without STATUS the link is assumed to be up (5.1.5).
            if (Has(VirtioFeatures.Status) && (_transport.ReadConfig(Net.Status, 2) & LinkStatus_.Up) == 0)
                return default;
            uint speed = Has(VirtioFeatures.SpeedDuplex) ? _transport.ReadConfig(Net.Speed, 4) : 0;
            return new(true, speed <= Speed_.Greatest ? (int)speed : 0);
        }
    }

    /// <summary>Whether this driver knows the function's vendor and device id.</summary>
    public static bool Supports(PciDevice function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Supports(function.VendorId, function.DeviceId);
    }

    /// <summary>Whether this driver knows a vendor and device id.</summary>
    public static bool Supports(ushort vendorId, ushort deviceId) =>
        vendorId == VendorId && deviceId is TransitionalNetworkCard or ModernNetworkCard;

    /// <inheritdoc/>
    public override void AddUnicastFilter(MacAddress address)
    {
        RequireUnicast(address);
        AddFilter(_unicast, address);
    }

    /// <inheritdoc/>
    public override void AddMulticastFilter(MacAddress address)
    {
        RequireMulticast(address);
        AddFilter(_multicast, address);
    }

    /// <inheritdoc/>
    /// <remarks>The device has no counters: these are kept by the queues.</remarks>
    /// <exception cref="DeviceNeedsResetException">The device has given up.</exception>
    public override DeviceStatistics ReadStatistics()
    {
        ThrowIfResetIsNeeded();
        long dropped = _receiveQueues.Sum(queue => queue.Dropped);
        return new()
        {
            RxPackets = _receiveQueues.Sum(queue => queue.Packets) + dropped,
            RxBytes = _receiveQueues.Sum(queue => queue.Bytes),
            TxPackets = _transmitQueues.Sum(queue => queue.Packets),
            TxBytes = _transmitQueues.Sum(queue => queue.Bytes),
            RxDropped = dropped,
            TxDropped = _transmitQueues.Sum(queue => queue.Dropped),
        };
    }

    private protected override IReadOnlyList<IDisposable> Parts =>
        [.. _transmitQueues, .. _receiveQueues, .. _control is null ? [] : new[] { _control }, .. _rings];

    private protected override void Quiesce()
    {
        _statusTimer?.Dispose();
        _ = _transport.TryReset();
    }

    private bool Has(VirtioFeatures feature) => (_features & feature) != 0;
}
