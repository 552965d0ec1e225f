using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A simulated card in this process on a vfio-user socket.</summary>
internal sealed class CardSocket : IDisposable
{
    /// <param name="specifier">The card's specifier.</param>
    /// <param name="path">The path of the new socket.</param>
    /// <param name="isFilmed">Whether to record everything that happens to the card.</param>
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
            // Cards opened later are not recorded.
            SimulatedCards.Recorder = null;
        }
        Server.Start();
    }

    /// <summary>What happened to the card; null if it is not recorded.</summary>
    internal Recorder? Recorder { get; }

    /// <summary>The path of the socket.</summary>
    internal string Path { get; }

    /// <summary>The card in this process: it shows what drivers in the guest do.</summary>
    internal SimulatedCardServer Server { get; }

    public void Dispose() => Server.Dispose();
}
