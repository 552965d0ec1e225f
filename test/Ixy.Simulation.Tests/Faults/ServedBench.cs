using Ixy.Hosting;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>The card is behind a vfio-user server, with threads of its own.</summary>
internal sealed class ServedBench : TransportBench
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-served-");
    private readonly SimulatedCardServer _server;
    private readonly TimeSpan _timeout;

    /// <param name="card">The card, as in a specifier.</param>
    /// <param name="interrupts">The driver uses interrupts.</param>
    /// <param name="toFile">What the card sends goes to a file; otherwise it comes back.</param>
    /// <param name="timeout">How long the server may take for an answer; as long as usual if null.</param>
    internal ServedBench(string card, bool interrupts = false, bool toFile = false, TimeSpan? timeout = null)
        : base(card, interrupts)
    {
        _timeout = timeout ?? TimeSpan.FromSeconds(5);
        string wire = toFile ? $"pcap:>{PathOf("out.pcapng")}" : "loopback";
        _server = SimulatedCardServer.Open($"sim:{card},wire={wire}", PathOf("card"));
        _server.Start();
        Open();
    }

    internal override Wire Wire => _server.Wire;

    protected override RuleViolations Violations => _server.Violations;

    internal override void Inject(string fault) => _server.Inject(fault);

    internal override void Mend(CardFault fault) => _server.Mend(fault);

    protected override PciDevice Connect() => new VfioUserPciDevice(PathOf("card"), check: null, _timeout, Clock);

    protected override void Close()
    {
        _server.Dispose();
        if (_directory.Exists) _directory.Delete(recursive: true);
        _directory.Refresh();
    }

    private string PathOf(string file) => Path.Combine(_directory.FullName, file);
}
