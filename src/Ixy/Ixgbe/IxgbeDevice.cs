using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.NetworkDeviceOptions;

namespace Ixy.Ixgbe;

/// <summary>
/// The driver for Intel's 10-gigabit cards 82599, X540 and X550. Section numbers are those of the "Intel 82599 10 GbE
/// Controller Datasheet"; for everything used here, the other two cards follow it except for the PHY.
/// </summary>
public sealed partial class IxgbeDevice : NetworkDevice
{
    // Every register of the three cards lies below (8.2.2); behind it there may be a flash memory.
    private const uint RegistersLength = 0x20000;

    // In Mbit/s, as encoded in LINKS; the second row is for the X550 only (8.2.3.22.20).
    private static ReadOnlySpan<int> Speeds => [0, 100, 1_000, 10_000, 0, 5_000, 1_000, 2_500];

    // Byte counters overflow first: 36 bits after 55 s at 10 Gbit/s; 32 bits of the shortest packets last 288 s.
    // Simulated cards can be ten times as fast.
    internal static readonly TimeSpan CounterInterval = TimeSpan.FromSeconds(2);

    private readonly PciDevice _device;
    private readonly NetworkDeviceOptions _options;
    private readonly PciBar _bar;
    private readonly List<ReceiveQueue> _receiveQueues = [];
    private readonly List<TransmitQueue> _transmitQueues = [];
    // The counts until now, and those when a restart began; none in the first set-up.
    private DeviceStatistics _statistics, _counted;
    private ITimer? _counterTimer;

    /// <summary>
    /// Resets the card and sets it up (4.6.3). Owns <paramref name="device"/>; the caller disposes it if this throws.
    /// </summary>
    /// <exception cref="PciDeviceException">
    /// The card does not answer as the datasheet says, or there is no memory.
    /// </exception>
    internal IxgbeDevice(PciDevice device, NetworkDeviceOptions options)
    {
        (_device, _options) = (device, options);
        device.EnableBars();
        _bar = device.OpenBar(0) is { Length: >= RegistersLength } bar ? bar : throw HasTooFewRegisters();
        DmaArena.Attach(device);
        try { SetUp(); } catch { StopAndRelease(); throw; }
        SetQueues(_receiveQueues, _transmitQueues, options);
        StartCounterTimer();
    }

    /// <inheritdoc/>
    public override PciDevice PciDevice => _device;

    /// <inheritdoc/>
    public override LinkStatus Link
    {
        get
        {
            uint links = Read(LINKS) is not uint.MaxValue and var found ? found : throw Gone();
            int row = IxgbeModels.IsX550(_device.DeviceId) && (links & LINKS_.OtherSpeed) != 0 ? 4 : 0;
            return (links & LINKS_.Up) == 0 ? default : new(true, Speeds[row + (int)(links >> LINKS_.SpeedShift & 3)]);
        }
    }

    /// <inheritdoc/>
    // Reading clears the register, so each value is the count since the last read, whoever did it.
    public override DeviceStatistics ReadStatistics() => _isDown ? _statistics : _device.Exclusively(AddStatistics);

    // A timer must not declare a card lost that is only stopped; it counts nothing anyway.
    private void TakeCounters() => _ = _device.AnswersNow() ? ReadStatistics() : default;

    private void StartCounterTimer() => _counterTimer =
        _device.Clock.CreateTimer(_ => WhileOpen(TakeCounters), null, CounterInterval, CounterInterval);

    private DeviceStatistics AddStatistics()
    {
        // All queues use the first of 16 counters, as long as nobody maps them elsewhere (RQSMR).
        long sent = Read(GPTC);
        // The low half of a counter latches the high one, so it is read first (8.2.3.23). Received bytes exclude
        // the FCS, which is stripped; sent bytes include it.
        var counted = _statistics with
        {
            RxPackets = _statistics.RxPackets + Read(QPRC),
            RxBytes = _statistics.RxBytes + (Read(QBRC_L) | (long)Read(QBRC_H) << 32),
            TxPackets = _statistics.TxPackets + sent,
            TxBytes = _statistics.TxBytes + (Read(GOTCL) | (long)Read(GOTCH) << 32) - sent * FcsLength,
            RxMissed = _statistics.RxMissed + Sum(MPC) + Sum(QPRDC),
            RxCrcErrors = _statistics.RxCrcErrors + Read(CRCERRS),
            RxLengthErrors = _statistics.RxLengthErrors + Read(RLEC) + Read(RUC) + Read(ROC),
            RxDropped = _receiveQueues.Sum(queue => queue.Dropped),
            TxDropped = _transmitQueues.Sum(queue => queue.Dropped),
        };
        // Last: a card that answers now has answered all of these.
        return _statistics = Read(STATUS) == uint.MaxValue ? throw Gone() : counted;
    }

    private long Sum(Register counters) => Enumerable.Range(0, counters.Count).Sum(i => (long)_bar.Read32(counters[i]));

    /// <summary>Whether this driver knows a vendor and device id.</summary>
    public static bool Supports(ushort vendorId, ushort deviceId) => vendorId == 0x8086
        && (IxgbeModels.HasCage(deviceId) || IxgbeModels.IsBackplane(deviceId) || IxgbeModels.IsCopper(deviceId));

    private protected override IReadOnlyList<IDisposable> Parts =>
        [.. _transmitQueues.Concat<object>(_receiveQueues).OfType<IDisposable>()];

    private uint Read(Register register) => _bar.Read32(register);

    private void Write(Register register, uint value) => _bar.Write32(register, value);

    private void Change(uint offset, uint bits, bool set)
    {
        uint value = _bar.Read32(offset);
        _bar.Write32(offset, set ? value | bits : value & ~bits);
    }

    // A card that is gone reads as ones, also STATUS, which otherwise never does.
    private bool IsFromNobody(uint found) => found == uint.MaxValue && Read(STATUS) == uint.MaxValue;

    private bool TryWaitFor(uint offset, uint bits, bool set, int milliseconds) => _device.WaitUntil(
        () => _bar.Read32(offset) is var found && (found & bits) == (set ? bits : 0) && !IsFromNobody(found),
        TimeSpan.FromMilliseconds(milliseconds));

    private void WaitFor(string what, uint offset, uint bits, bool set, int milliseconds = 100)
    {
        if (!TryWaitFor(offset, bits, set, milliseconds)) throw DidNotCome(what, offset, bits, set, milliseconds);
    }
}
