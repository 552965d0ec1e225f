using Ixy.Simulation.Cards;
using Ixy.Vfio;

namespace Ixy.Simulation.Wires;

/// <summary>
/// One end of a cable between two cards of a world that name the same cable. There is a signal while both ends are
/// plugged in; an end that is pulled out may be plugged in again.
/// </summary>
/// <remarks>
/// Up to 4 MiB may be in flight in each direction; what a card sends beyond that is dropped and counted. Frames move
/// within the device thread; plugging in and pulling out may happen on any thread.
/// </remarks>
internal sealed class CableWire : Wire
{
    private readonly World _world;
    private readonly string _name;
    private readonly FrameRing _toThisEnd = new();
    private volatile CableWire? _otherEnd;

    private CableWire(World world, string name) => (_world, _name) = (world, name);

    /// <inheritdoc/>
    public override bool HasSignal => _otherEnd is not null;

    /// <summary>Plugs in a free end of the cable with this name.</summary>
    /// <exception cref="DeviceSpecifierException">Both ends are in use.</exception>
    internal static CableWire PlugIn(World world, string name)
    {
        var wire = new CableWire(world, name);
        lock (world.Cables)
        {
            if (!world.Cables.TryGetValue(name, out var ends)) world.Cables[name] = ends = [];
            if (ends.Count == 2)
                throw new DeviceSpecifierException(
                    $"both ends of the cable '{name}' are in use: a cable connects two cards");
            ends.Add(wire);
            if (ends.Count == 2) (ends[0]._otherEnd, ends[1]._otherEnd) = (ends[1], ends[0]);
        }
        return wire;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        if (_otherEnd is not { } other || !other._toThisEnd.TryAdd(frame)) Statistics.Dropped++;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        var frame = _toThisEnd.Take();
        if (!frame.IsEmpty) Statistics.Sent++;
        return frame;
    }

    /// <summary>Pulls this end out.</summary>
    public override void Dispose()
    {
        lock (_world.Cables) PullOut();
        base.Dispose();
    }

    private void PullOut()
    {
        if (!_world.Cables.TryGetValue(_name, out var ends) || !ends.Remove(this)) return;
        if (ends.Count == 0) _world.Cables.Remove(_name);
        else ends[0]._otherEnd = null;
        _otherEnd = null;
    }
}
