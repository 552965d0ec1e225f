namespace Ixy.Cli.Output;

/// <summary>What passed through a port in the last second, as ixy prints it.</summary>
internal readonly record struct PortRates(
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
internal sealed class RateMeter(Ports ports, long[] dropped)
{
    private DeviceStatistics[] _last = ports.ReadStatistics();
    private readonly long[] _lastDropped = new long[ports.Devices.Count];
    private long _lastTime = ports.Clock.GetTimestamp();

    /// <summary>The rates since the last call.</summary>
    internal PortRates[] Read()
    {
        var now = ports.ReadStatistics();
        double seconds = ports.Clock.GetElapsedTime(_lastTime).TotalSeconds;
        _lastTime = ports.Clock.GetTimestamp();
        var rates = new PortRates[now.Length];
        for (int i = 0; i < now.Length; i++)
        {
            long txDropped = Volatile.Read(ref dropped[i]);
            rates[i] = Between(ports.Devices[i].Name, now[i].Since(_last[i]), txDropped - _lastDropped[i], seconds);
            _lastDropped[i] = txDropped;
        }
        _last = now;
        return rates;
    }

    private static PortRates Between(string device, DeviceStatistics counted, long txDropped, double seconds) => new(
        device,
        counted.RxPackets / seconds,
        Megabits(counted.RxPackets, counted.RxBytes) / seconds,
        counted.TxPackets / seconds,
        Megabits(counted.TxPackets, counted.TxBytes) / seconds,
        (counted.RxMissed + counted.RxDropped + counted.TxDropped + txDropped) / seconds);

    // Preamble, FCS and gap count, as in ixy: 14.88 Mpps of the shortest frames are 10,000 Mbit/s.
    private static double Megabits(long packets, long bytes) => (bytes + packets * PacketRate.OverheadBytes) * 8 / 1e6;
}
