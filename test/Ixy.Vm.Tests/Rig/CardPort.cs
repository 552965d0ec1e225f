using Ixy.Simulation;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A simulated card of this process on a vfio-user socket, and the far end of its wire.</summary>
internal sealed class CardPort : TapPort
{
    /// <param name="specifier">Which card, but for the wire.</param>
    /// <param name="socketPath">Where the socket is to be.</param>
    internal CardPort(string specifier, string socketPath) : base(hasTwoQueues: false)
    {
        SocketPath = socketPath;
        try
        {
            Card = VfioUserServer.Open($"{specifier},wire=tap:{Name}", socketPath);
        }
        catch
        {
            base.Dispose();
            throw;
        }
        Card.Start();
    }

    internal string SocketPath { get; }

    /// <summary>The card, as it stands in this process: what drivers in the guest do to it can be seen here.</summary>
    internal VfioUserServer Card { get; }

    /// <summary>Codes of the rules that drivers have broken, each once.</summary>
    internal IEnumerable<string> BrokenRules => Card.Violations.All.Select(violation => violation.Rule).Distinct();

    public override void Dispose()
    {
        Card.Dispose();
        base.Dispose();
    }
}
