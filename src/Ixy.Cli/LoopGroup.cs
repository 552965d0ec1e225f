using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// The loops of a command, started, measured and ended together. Each has its own thread, core and queues; in virtual
/// time, in place of a thread, turns in the world of its cards.
/// </summary>
internal sealed class LoopGroup : IDisposable
{
    private static readonly TimeSpan s_longestDrain = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<PacketLoop> _loops;
    private readonly IReadOnlyList<NetworkDevice> _devices;
    private readonly SimulatedPciDevice[] _cards;
    private readonly int? _numaNode;
    private VirtualWorld? _world;
    private PciDeviceException? _loss;

    internal LoopGroup(IReadOnlyList<PacketLoop> loops, IReadOnlyList<NetworkDevice> devices)
    {
        (_loops, _devices) = (loops, devices);
        _cards = [.. devices.Select(device => device.PciDevice).OfType<SimulatedPciDevice>()];
        Clock = devices[0].PciDevice.Clock;
        _numaNode = devices.Select(device => device.PciDevice.NumaNode).FirstOrDefault(node => node is not null);
        Dropped = new long[devices.Count];
    }

    /// <summary>That of the devices.</summary>
    internal TimeProvider Clock { get; }

    /// <summary>Set when the measured part of a loop is over, for whatever reason.</summary>
    internal ManualResetEventSlim MeasurementOver { get; } = new();

    /// <summary>
    /// Packets per device that still waited for room in its transmit rings at the end. The loops write, anybody may
    /// read.
    /// </summary>
    internal long[] Dropped { get; }

    /// <summary>What all loops together did; read it after <see cref="Finish"/>.</summary>
    internal LoopFigures Figures => new(
        _loops.Sum(loop => loop.Figures.Packets),
        _loops.Max(loop => loop.Figures.Elapsed),
        _loops.All(loop => loop.Figures.AllocatedBytes is null) ? null
        : _loops.Sum(loop => loop.Figures.AllocatedBytes),
        // Each saw those of the process.
        _loops.Max(loop => loop.Figures.Collections));

    /// <summary>A simulated card of this process has frames that no driver has seen yet.</summary>
    internal bool CardsHoldFrames => Array.Exists(_cards, card => card.HoldsFrames);

    /// <summary>All that was on the way has arrived; read it after <see cref="Finish"/>.</summary>
    internal bool RanDry => _loops.All(loop => loop.RanDry);

    /// <summary>Transmit queues from which nothing left any more; read it after <see cref="Finish"/>.</summary>
    internal IReadOnlyList<TransmitQueue> Stuck => [.. _loops.SelectMany(loop => loop.Stuck)];

    /// <summary>Why the run ends before its time: a card has gone, or has to be given back. Null if none has.</summary>
    internal PciDeviceException? Loss => Volatile.Read(ref _loss);

    /// <summary>A card has gone: nothing is waited for any more.</summary>
    internal bool HasLost => Loss is not null;

    /// <summary>
    /// Ends the run because of an error, if that is of a card that has gone; the first one is kept. For any thread.
    /// </summary>
    /// <returns>False if all cards are there, so that the error is about something else.</returns>
    internal bool TryLose(PciDeviceException error)
    {
        if (!_devices.Any(device => device.PciDevice.IsGone)) return false;
        Interlocked.CompareExchange(ref _loss, error, null);
        MeasurementOver.Set();
        return true;
    }

    /// <summary>Starts the threads.</summary>
    internal void Start()
    {
        int[] cores = ThreadPlacement.ChooseCores(_loops.Count, _numaNode);
        for (int i = 0; i < cores.Length; i++) _loops[i].Start($"packets {i}", cores[i], this);
    }

    /// <summary>Lets the loops have their turns in a world.</summary>
    internal void Start(VirtualWorld world, VirtualTime costs)
    {
        _world = world;
        foreach (var loop in _loops) loop.Start(world, costs, this);
    }

    /// <summary>Waits until the measured part of a loop is over, but no longer than that.</summary>
    /// <param name="longest">By <see cref="Clock"/>.</param>
    /// <param name="stop">Ends the wait as well.</param>
    /// <returns>False if the time is over.</returns>
    internal bool WaitForEnd(TimeSpan longest, StopRequest stop)
    {
        if (longest < TimeSpan.Zero) longest = TimeSpan.Zero;
        if (_world is not null) return _world.AdvanceUntil(() => stop.IsRequested || MeasurementOver.IsSet, longest);
        // Up to the next millisecond: the wait would round down, and end too early.
        int milliseconds = (int)Math.Ceiling(longest.TotalMilliseconds);
        return WaitHandle.WaitAny(
            [stop.WaitHandle, MeasurementOver.WaitHandle], milliseconds) != WaitHandle.WaitTimeout;
    }

    /// <summary>From now on everything counts.</summary>
    internal void Measure()
    {
        foreach (var loop in _loops) loop.Measure();
    }

    /// <summary>The end of the measured part.</summary>
    internal void StopMeasuring()
    {
        foreach (var loop in _loops) loop.StopMeasuring();
    }

    /// <summary>Waits until what is on the way has arrived, and ends the threads.</summary>
    /// <remarks>What a thread threw is thrown here.</remarks>
    internal void Finish()
    {
        StopMeasuring();
        _world?.AdvanceUntil(() => _loops.All(loop => loop.HasEnded), s_longestDrain);
        foreach (var loop in _loops) loop.Join();
    }

    /// <summary>Ends the threads at once, wherever they are.</summary>
    public void Dispose()
    {
        foreach (var loop in _loops) loop.Dispose();
        MeasurementOver.Dispose();
    }
}
