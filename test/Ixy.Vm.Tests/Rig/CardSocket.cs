using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A simulated card of this process on a vfio-user socket.</summary>
internal sealed class CardSocket : IDisposable
{
    /// <param name="specifier">Which card.</param>
    /// <param name="path">Where the socket is to be.</param>
    /// <param name="isFilmed">What happens to it is recorded, from now on.</param>
    internal CardSocket(string specifier, string path, bool isFilmed)
    {
        Path = path;
        if (isFilmed) SimulatedCards.Recorder = Recorder = new Recorder();
        try
        {
            Server = SimulatedCardServer.Open(specifier, path);
        }
        finally
        {
            // Those that are opened later are not.
            SimulatedCards.Recorder = null;
        }
        Server.Start();
    }

    /// <summary>What happened to the card; null if it is not filmed.</summary>
    internal Recorder? Recorder { get; }

    /// <summary>Where the socket is.</summary>
    internal string Path { get; }

    /// <summary>The card, as it stands in this process: what drivers in the guest do to it can be seen here.</summary>
    internal SimulatedCardServer Server { get; }

    public void Dispose() => Server.Dispose();
}
