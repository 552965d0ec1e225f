using System.Runtime.ExceptionServices;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>The devices of a command, opened together and closed together.</summary>
internal sealed class DeviceGroup : IDisposable
{
    private static readonly TimeSpan s_linkTime = TimeSpan.FromSeconds(10), s_pause = TimeSpan.FromMilliseconds(5);

    private readonly Queue<PciDevice> _functions = [];
    private readonly List<NetworkDevice> _devices = [];
    private readonly DeviceStatistics[] _before, _last;
    private readonly VirtualWorld? _world;

    /// <summary>
    /// Opens the functions. Their drivers wait for <see cref="Start"/>: a card that is running loses what nobody
    /// receives.
    /// </summary>
    /// <param name="specifiers">The devices.</param>
    /// <param name="world">Their world, if all are simulated; null for real time.</param>
    /// <exception cref="PciDeviceException">One cannot be opened, or is named twice; then none is open.</exception>
    internal DeviceGroup(IReadOnlyList<string> specifiers, VirtualWorld? world = null)
    {
        _world = world;
        _before = new DeviceStatistics[specifiers.Count];
        _last = new DeviceStatistics[specifiers.Count];
        RefuseSameFunction(specifiers);
        try
        {
            foreach (string specifier in specifiers)
                _functions.Enqueue(world is null ? NetworkDevice.OpenPci(specifier) : OpenIn(world, specifier));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The devices, once they are started.</summary>
    internal IReadOnlyList<NetworkDevice> Devices => _devices;

    /// <summary>The devices' clock, once they are started.</summary>
    internal TimeProvider Clock => _devices[0].PciDevice.Clock;

    /// <summary>
    /// At least one card is not simulated in this process, so the far end of its wire does not wait for
    /// <see cref="StartSending"/>.
    /// </summary>
    internal bool AnyElsewhere => _devices.Any(device => device.PciDevice is not SimulatedPciDevice);

    /// <summary>How many functions are waiting for <see cref="Start"/>.</summary>
    internal int Waiting => _functions.Count;

    /// <summary>
    /// Reads from the functions that wait for <see cref="Start"/> registers that may be read from every function at any
    /// time.
    /// </summary>
    /// <exception cref="PciDeviceException">One is gone.</exception>
    internal void Touch()
    {
        foreach (var function in _functions) function.ReadConfig(PciConfig.VendorId, sizeof(ushort));
    }

    /// <summary>Starts the drivers.</summary>
    /// <exception cref="PciDeviceException">There is no driver for a function, or it does not answer.</exception>
    internal void Start(NetworkDeviceOptions options)
    {
        Task<NetworkDevice>[] starts = [.. _functions.Select(function => StartDriver(function, options))];
        _functions.Clear();
        ExceptionDispatchInfo? failure = null;
        foreach (var start in starts)
        {
            try
            {
                _devices.Add(start.GetAwaiter().GetResult());
            }
            catch (Exception error)
            {
                failure ??= ExceptionDispatchInfo.Capture(error);
            }
        }
        failure?.Throw();
        if (AnyElsewhere || Wires().Any(wire => wire.LeadsOut))
        {
            foreach (var wire in Wires()) wire.LetFramesLeave();
        }
    }

    /// <summary>Throws if one is gone: a loop that finds nothing to receive would not notice.</summary>
    /// <exception cref="PciDeviceException">One is gone; the message says why.</exception>
    internal void ThrowIfGone()
    {
        foreach (var device in _devices) device.PciDevice.ThrowIfGone();
    }

    /// <summary>Waits until every link is up; false if a stop was requested first.</summary>
    /// <exception cref="DeviceTimeoutException">A link stays down.</exception>
    internal bool WaitForLinks(StopRequest stop)
    {
        long start = Clock.GetTimestamp();
        foreach (var device in _devices)
        {
            while (true)
            {
                // Before checking, which may take long on a busy machine.
                bool isLast = Clock.GetElapsedTime(start) > s_linkTime;
                ThrowIfGone();
                if (device.WaitForLink(TimeSpan.FromMilliseconds(20))) break;
                if (stop.IsRequested) return false;
                if (isLast) throw NoLink(device);
            }
        }
        return !stop.IsRequested;
    }

    /// <summary>Counters start at zero here.</summary>
    internal void StartCounting()
    {
        for (int i = 0; i < _devices.Count; i++) _last[i] = _before[i] = _devices[i].ReadStatistics();
    }

    /// <summary>
    /// Waits until a card has received something since <see cref="StartCounting"/>, but no longer than the given time.
    /// </summary>
    /// <exception cref="PciDeviceException">One is gone.</exception>
    internal void WaitForTraffic(TimeSpan longest, StopRequest stop)
    {
        long start = Clock.GetTimestamp();
        while (Clock.GetElapsedTime(start) < longest && !stop.Wait(s_pause)
            && !ReadStatistics().Any(counted => counted.RxPackets > 0))
        {
        }
    }

    /// <summary>
    /// What each card has counted since <see cref="StartCounting"/>, or since it was opened. For one thread at a time.
    /// </summary>
    /// <exception cref="PciDeviceException">One is gone.</exception>
    internal DeviceStatistics[] ReadStatistics()
    {
        ThrowIfGone();
        return ReadWith(device => _devices[device].ReadStatistics());
    }

    /// <summary>The same at the end of a run: for a card that is gone, the last values read.</summary>
    /// <param name="tryLose">Called with each error; returns false if it should be thrown.</param>
    internal DeviceStatistics[] ReadAtTheEnd(Func<PciDeviceException, bool> tryLose) => ReadWith(device =>
    {
        try
        {
            return _devices[device].ReadStatistics();
        }
        catch (PciDeviceException error) when (tryLose(error))
        {
            return _last[device];
        }
    });

    private DeviceStatistics[] ReadWith(Func<int, DeviceStatistics> read)
    {
        var counted = new DeviceStatistics[_devices.Count];
        if (_world is null && Wires().Any()) SimulatedPciDevice.BetweenTurns(Read);
        else Read();
        return counted;

        void Read()
        {
            for (int i = 0; i < counted.Length; i++)
            {
                _last[i] = read(i);
                counted[i] = _last[i].Since(_before[i]);
            }
        }
    }

    /// <summary>
    /// Lets the far ends of simulated wires send. They wait for this because anything sent before somebody listens
    /// would be lost.
    /// </summary>
    internal void StartSending()
    {
        foreach (var wire in Wires()) wire.StartSending();
    }

    /// <summary>Stops the far ends of simulated wires from sending of their own accord.</summary>
    internal void StopSending()
    {
        foreach (var wire in Wires()) wire.StopSending();
    }

    /// <summary>Closes every device, even if one of them fails; then throws the first error.</summary>
    public void Dispose()
    {
        if (Next() is not { } part) return;
        try
        {
            part.Dispose();
        }
        finally
        {
            Dispose();
        }
    }

    private IDisposable? Next()
    {
        if (_devices.Count == 0) return _functions.TryDequeue(out var function) ? function : null;
        var device = _devices[0];
        _devices.RemoveAt(0);
        return device;
    }

    private IEnumerable<Simulation.Wires.Wire> Wires() =>
        _devices.Select(device => device.PciDevice).OfType<SimulatedPciDevice>().Select(card => card.Wire);

    // All at once: otherwise the first card would overflow with what it receives while the next one is started. In
    // virtual time nothing is sent yet, and the order must not be left to the scheduler.
    private Task<NetworkDevice> StartDriver(PciDevice function, NetworkDeviceOptions options)
    {
        var start = new Task<NetworkDevice>(() => NetworkDevice.Open(function, options));
        if (_world is null) start.Start(TaskScheduler.Default);
        else start.RunSynchronously(TaskScheduler.Default);
        return start;
    }

    private static SimulatedPciDevice OpenIn(VirtualWorld world, string specifier) =>
        specifier.StartsWith(SimulatedCards.Prefix, StringComparison.Ordinal)
            ? world.OpenCard(specifier, waitsToSend: true)
            : throw new DeviceSpecifierException(
                $"{specifier} runs in real time: expected a simulated card of this process, as in "
                + "sim:ixgbe,wire=generator, with --virtual-time");

    private static void RefuseSameFunction(IReadOnlyList<string> specifiers)
    {
        var addresses = new HashSet<PciAddress>();
        foreach (string specifier in specifiers)
        {
            if (PciAddress.TryParse(specifier, out var address) && !addresses.Add(address))
                throw new PciDeviceException(
                    $"{address} is named twice: a function has one driver at a time, expected two different ones");
        }
    }

    private static DeviceTimeoutException NoLink(NetworkDevice device)
    {
        string advice = device.PciDevice switch
        {
            SimulatedPciDevice => "plug something in, as in sim:ixgbe,wire=generator",
            VfioUserPciDevice =>
                $"plug something in where it is simulated, as in '{IxyCommand.Name} sim ixgbe --wire generator'",
            _ => "check the cable, the module and the far end",
        };
        return new($"{device.Name} has no link after {s_linkTime.TotalSeconds} s: {advice}");
    }
}

internal static class DeviceStatisticsDifference
{
    /// <summary>What was counted after <paramref name="before"/>.</summary>
    internal static DeviceStatistics Since(this DeviceStatistics now, DeviceStatistics before) => new()
    {
        RxPackets = now.RxPackets - before.RxPackets,
        RxBytes = now.RxBytes - before.RxBytes,
        TxPackets = now.TxPackets - before.TxPackets,
        TxBytes = now.TxBytes - before.TxBytes,
        RxMissed = now.RxMissed - before.RxMissed,
        RxCrcErrors = now.RxCrcErrors - before.RxCrcErrors,
        RxLengthErrors = now.RxLengthErrors - before.RxLengthErrors,
        RxDropped = now.RxDropped - before.RxDropped,
        TxDropped = now.TxDropped - before.TxDropped,
    };
}
