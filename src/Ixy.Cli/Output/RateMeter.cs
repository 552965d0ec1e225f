namespace Ixy.Cli.Output;

/// <summary>What passed through a device in the last second, as ixy prints it.</summary>
internal readonly record struct DeviceRates(
    string Device, double RxPps, double RxMbits, double TxPps, double TxMbits, double DroppedPerSecond)
{
    internal static readonly string[] Headers = ["device", "RX Mpps", "RX Mbit/s", "TX Mpps", "TX Mbit/s", "dropped/s"];

    internal string[] Cells() =>
    [
        Device, Rates.Mpps(RxPps), Rates.Megabits(RxMbits), Rates.Mpps(TxPps), Rates.Megabits(TxMbits),
        $"{DroppedPerSecond:F0}",
    ];
}

/// <summary>
/// Rates from the cards' own counters, and from what the loops finally dropped per device
/// (<see cref="LoopGroup.Dropped"/>).
/// </summary>
internal sealed class RateMeter(DeviceGroup group, long[] dropped)
{
    private DeviceStatistics[] _last = group.ReadStatistics();
    private readonly long[] _lastDropped = new long[group.Devices.Count];
    private long _lastTime = group.Clock.GetTimestamp();

    /// <summary>The rates since the last call.</summary>
    internal DeviceRates[] Read()
    {
        var now = group.ReadStatistics();
        double seconds = group.Clock.GetElapsedTime(_lastTime).TotalSeconds;
        _lastTime = group.Clock.GetTimestamp();
        var rates = new DeviceRates[now.Length];
        for (int i = 0; i < now.Length; i++)
        {
            long txDropped = Volatile.Read(ref dropped[i]);
            rates[i] = Between(group.Devices[i].Name, now[i].Since(_last[i]), txDropped - _lastDropped[i], seconds);
            _lastDropped[i] = txDropped;
        }
        _last = now;
        return rates;
    }

    private static DeviceRates Between(string device, DeviceStatistics counted, long txDropped, double seconds) => new(
        device,
        counted.RxPackets / seconds,
        Megabits(counted.RxPackets, counted.RxBytes) / seconds,
        counted.TxPackets / seconds,
        Megabits(counted.TxPackets, counted.TxBytes) / seconds,
        (counted.RxMissed + counted.RxDropped + counted.TxDropped + txDropped) / seconds);

    // Preamble, FCS and gap count, as in ixy: 14.88 Mpps of the shortest frames are 10,000 Mbit/s.
    private static double Megabits(long packets, long bytes) => (bytes + packets * PacketRate.OverheadBytes) * 8 / 1e6;
}
