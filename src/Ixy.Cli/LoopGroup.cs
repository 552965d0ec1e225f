using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// The loops of a command, started, measured and ended together. Each has its own thread, core and queues; in virtual
/// time it has turns in its cards' world instead of a thread.
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

    /// <summary>The devices' clock.</summary>
    internal TimeProvider Clock { get; }

    /// <summary>Set when the measured part of a loop is over, for whatever reason.</summary>
    internal ManualResetEventSlim MeasurementOver { get; } = new();

    /// <summary>
    /// Packets per device that were still waiting for room in its transmit rings at the end. Written by the loops,
    /// readable by any thread.
    /// </summary>
    internal long[] Dropped { get; }

    /// <summary>What all loops did together; read it after <see cref="Finish"/>.</summary>
    internal LoopFigures Figures => new(
        _loops.Sum(loop => loop.Figures.Packets),
        _loops.Max(loop => loop.Figures.Elapsed),
        _loops.All(loop => loop.Figures.AllocatedBytes is null) ? null
        : _loops.Sum(loop => loop.Figures.AllocatedBytes),
        // Each loop saw the collections of the whole process.
        _loops.Max(loop => loop.Figures.Collections));

    /// <summary>A simulated card of this process has frames that no driver has seen yet.</summary>
    internal bool CardsHoldFrames => Array.Exists(_cards, card => card.HoldsFrames);

    /// <summary>Everything in flight has arrived; read it after <see cref="Finish"/>.</summary>
    internal bool RanDry => _loops.All(loop => loop.RanDry);

    /// <summary>Transmit queues that no longer moved; read it after <see cref="Finish"/>.</summary>
    internal IReadOnlyList<TransmitQueue> Stuck => [.. _loops.SelectMany(loop => loop.Stuck)];

    /// <summary>
    /// Why the run ends early: a card is gone, or must be given back. Null if there is no such reason.
    /// </summary>
    internal PciDeviceException? Loss => Volatile.Read(ref _loss);

    /// <summary>A card is gone: nothing waits any more.</summary>
    internal bool HasLost => Loss is not null;

    /// <summary>
    /// Ends the run because of an error if it means that a card is gone; the first one is kept. For any thread.
    /// </summary>
    /// <returns>False if all cards are there, so the error is about something else.</returns>
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

    /// <summary>Gives the loops their turns in a world.</summary>
    internal void Start(VirtualWorld world, VirtualTime costs)
    {
        _world = world;
        foreach (var loop in _loops) loop.Start(world, costs, this);
    }

    /// <summary>Waits until the measured part of a loop is over, but no longer than the given time.</summary>
    /// <param name="longest">By <see cref="Clock"/>.</param>
    /// <param name="stop">Ends the wait as well.</param>
    /// <returns>False if the time ran out.</returns>
    internal bool WaitForEnd(TimeSpan longest, StopRequest stop)
    {
        if (longest < TimeSpan.Zero) longest = TimeSpan.Zero;
        if (_world is not null) return _world.AdvanceUntil(() => stop.IsRequested || MeasurementOver.IsSet, longest);
        // Rounded up to the next millisecond: the wait would round down, and end too early.
        int milliseconds = (int)Math.Ceiling(longest.TotalMilliseconds);
        return WaitHandle.WaitAny(
            [stop.WaitHandle, MeasurementOver.WaitHandle], milliseconds) != WaitHandle.WaitTimeout;
    }

    /// <summary>Starts the measured part.</summary>
    internal void Measure()
    {
        foreach (var loop in _loops) loop.Measure();
    }

    /// <summary>Ends the measured part.</summary>
    internal void StopMeasuring()
    {
        foreach (var loop in _loops) loop.StopMeasuring();
    }

    /// <summary>Waits until everything in flight has arrived, and ends the threads.</summary>
    /// <remarks>Throws what a thread threw.</remarks>
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
