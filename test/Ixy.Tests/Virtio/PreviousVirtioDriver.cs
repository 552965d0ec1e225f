using Ixy.Simulation.Virtio;
using Ixy.Simulation.Virtio.Registers;
using Ixy.Simulation.Wires;
using static Ixy.Tests.Virtio.VirtioLeftoverTests;

namespace Ixy.Tests.Virtio;

/// <summary>
/// What a previous driver left in a virtio device, written by hand: a stage of its life, and values in every writable
/// field.
/// </summary>
internal sealed class PreviousVirtioDriver : IDisposable
{
    private readonly VirtioBench _bench;
    private readonly Func<uint> _next;

    internal PreviousVirtioDriver(VirtioCardOptions options, Wire wire, Pattern pattern)
    {
        _bench = new(options, wire);
        var random = new Random((int)pattern);
        _next = pattern switch
        {
            Pattern.Zeroes => () => 0,
            Pattern.Ones => () => uint.MaxValue,
            _ => () => (uint)random.NextInt64(1L << 32),
        };
    }

    internal VirtioCard Card => _bench.Card;

    /// <summary>The former driver's memory, which the device must no longer touch.</summary>
    internal Span<byte> Memory => _bench.Memory;

    /// <summary>Number of fields written.</summary>
    internal int Filled { get; private set; }

    internal void Leave(Stage stage)
    {
        // With MSI-X enabled, a legacy device has two more fields.
        SetMsix(on: true);
        if (stage < Stage.HalfNegotiated) Climb(stage);
        else if (stage == Stage.HalfNegotiated) NegotiateHalf();
        else Run(stage);
        Fill();
        // Doorbells rung properly must not be drowned out by others.
        if (stage != Stage.InTheMiddle) Notify();
        if (stage == Stage.StatusFilled) WriteStatus((byte)Next());
        if (_next() % 2 == 0) SetMsix(on: false);
        // The device has found all of it by the time we come.
        if (stage != Stage.InTheMiddle) _bench.Run(100_000);
    }

    public void Dispose() => _bench.Dispose();

    private void Climb(Stage stage)
    {
        if (stage >= Stage.Acknowledged) WriteStatus(1);
        if (stage >= Stage.Driver) WriteStatus(3);
    }

    private void NegotiateHalf()
    {
        Climb(Stage.Driver);
        ulong offered = _bench.Offered;
        if (_bench.IsLegacy)
        {
            _bench.Accept(offered);
            return;
        }
        _bench.Write(0x08, 1, 4);
        _bench.Write(0x0C, (uint)(offered >> 32), 4);
    }

    private void Run(Stage stage)
    {
        _bench.Negotiate(ulong.MaxValue);
        if (stage == Stage.FeaturesOk) return;
        int size = Card.Options.QueueSize;
        for (int index = 0; index < Card.Queues.Count; index++)
        {
            _bench.AddQueue(index, size, vector: (uint)index);
            // Legacy: after the other fields, while MSI-X is enabled.
            if (_bench.IsLegacy) _bench.Write(0x16, (uint)index, 2);
        }
        if (stage == Stage.QueuesEnabled) return;
        _bench.DriverOk();
        _bench.Receive.AddWritable(64);
        _bench.Receive.NotifyIfWanted();
        _bench.Run();
        switch (stage)
        {
            case Stage.Filtering:
                SetFilters();
                break;
            case Stage.InTheMiddle:
                // Commands and packets that the device has not looked at, and a doorbell that it has not noticed.
                Command(0, 1, [1]);
                for (int i = 0; i < 8; i++) _bench.Transmit.Add(new Piece(_bench.Place(new byte[72]), 72, false));
                _bench.Transmit.NotifyIfWanted();
                break;
            case Stage.NeedsReset:
                SimulatedNeed();
                break;
            case Stage.GivenUp:
                WriteStatus((byte)(_bench.Status | 0x80));
                break;
            case Stage.ResetNotAwaited:
                WriteStatus(0);
                break;
        }
    }

    // A broken ring rule: the device cannot continue (2.1.2).
    private void SimulatedNeed()
    {
        Card.Control.NeedReset();
        Assert.Equal(0x40u, _bench.Status & 0x40);
    }

    // 5.1.6.5: every mode, other addresses, a VLAN, all pairs.
    private void SetFilters()
    {
        for (byte mode = 0; mode <= 5; mode++) Command(0, mode, [1]);
        Command(1, 0, [1, 0, 0, 0, 2, 0xAA, 0xBB, 0xCC, 0xDD, 1, 1, 0, 0, 0, 1, 0, 0x5E, 1, 2, 3]);
        Command(1, 1, [2, 0, 0, 0, 0, 0x77]);
        Command(2, 0, [5, 0]);
        if (Card.Options.QueuePairs > 1) Command(4, 0, [(byte)Card.Options.QueuePairs, 0]);
        _bench.Run();
        Assert.Equal(0, Card.Violations.Count);
    }

    private void Command(byte kind, byte command, ReadOnlySpan<byte> data)
    {
        var control = _bench.Queues[Card.Options.LastQueue];
        byte[] bytes = [kind, command, .. data];
        control.Add(new Piece(_bench.Place(bytes), bytes.Length, false), new Piece(_bench.Allocate(1, 1), 1, true));
        control.NotifyIfWanted();
    }

    private void Fill()
    {
        var structure = _bench.IsLegacy ? LegacyRegisters.Registers : CommonConfiguration.Registers;
        var fields = structure.Where(field => field.Access == RegisterAccess.ReadWrite)
            .Where(field => field.Name is not ("device_status" or "queue_notify"))
            .OrderBy(field => field.Name == "queue_enable").ToList();
        var perQueue = fields.Where(
            field => field.Name.StartsWith("queue_", StringComparison.Ordinal) && field.Name != "queue_select")
            .ToList();
        for (uint queue = 0; queue < Card.Queues.Count; queue++)
        {
            _bench.Write(_bench.IsLegacy ? 0x0Eu : 0x16, queue, 2);
            foreach (var field in perQueue) Write(field);
        }
        foreach (var field in fields.Except(perQueue)) Write(field);
        FillDevice();
    }

    // The MAC address, which legacy drivers write directly (5.1.4.3), and the MSI-X table.
    private void FillDevice()
    {
        uint config = Card.Interrupts.HasVectors ? 0x18u : 0x14;
        for (uint i = 0; _bench.IsLegacy && i < 6; i++, Filled++) _bench.Write(config + i, Next() & 0xFF, 1);
        for (uint word = 0; word < Card.Pci.Vectors * 4; word++, Filled++) Card.WriteBar(1, 4 * word, Next());
    }

    private unsafe void Notify()
    {
        for (uint queue = 0; queue < Card.Queues.Count; queue++, Filled++)
        {
            if (_bench.IsLegacy) _bench.Write(0x10, Next() & 0xFFFF, 2);
            else *(uint*)Card.TryGetShared(VirtioBench.Bar, VirtioBench.Doorbells + 4 * queue) = Next();
        }
    }

    private void Write(Register field)
    {
        for (int index = 0; index < field.Count; index++, Filled++)
            _bench.Write(field[index], Next() & uint.MaxValue >> (32 - 8 * field.Size), field.Size);
    }

    private void WriteStatus(byte value) => _bench.Write(_bench.IsLegacy ? 0x12u : 0x14, value, 1);

    private void SetMsix(bool on)
    {
        const int Control = 0x9A;
        Card.WriteConfig(Control, on ? 0x8000u : 0, 2);
    }

    private uint Next() => _next();
}
