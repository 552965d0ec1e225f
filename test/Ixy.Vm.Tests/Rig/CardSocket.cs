using Ixy.Simulation;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A simulated card of this process on a vfio-user socket.</summary>
internal sealed class CardSocket : IDisposable
{
    /// <param name="specifier">Which card.</param>
    /// <param name="path">Where the socket is to be.</param>
    internal CardSocket(string specifier, string path)
    {
        Path = path;
        Server = SimulatedCardServer.Open(specifier, path);
        Server.Start();
    }

    /// <summary>Where the socket is.</summary>
    internal string Path { get; }

    /// <summary>The card, as it stands in this process: what drivers in the guest do to it can be seen here.</summary>
    internal SimulatedCardServer Server { get; }

    public void Dispose() => Server.Dispose();
}
