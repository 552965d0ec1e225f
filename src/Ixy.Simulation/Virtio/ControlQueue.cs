using System.Buffers.Binary;
using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio;

/// <summary>The control queue: commands of the driver, each answered with one byte (virtio 1.2, 5.1.6.5).</summary>
internal sealed class ControlQueue(VirtioCard card)
{
    private const int CommandsPerTurn = 16, LongestCommand = 65_536, Heading = 2, AddressLength = 6;
    private const byte Ok = 0, Error = 1;

    // Classes
    private const byte Receive = 0, Mac = 1, Vlan = 2, MultiQueue = 4;

    private readonly BufferChain _chain = new();
    private readonly byte[] _command = new byte[LongestCommand];
    private DeviceVirtqueue? _queue;

    /// <summary>With MQ the control queue comes after all pairs, without it after the first (5.1.2).</summary>
    internal void Start()
    {
        bool hasAllPairs = card.Control.HasFeature(VirtioFeatures.MultiQueue);
        _queue = card.Control.HasFeature(VirtioFeatures.ControlQueue)
            ? card.Queues[hasAllPairs ? card.Options.LastQueue : 2] : null;
        _chain.Reserve(card.Options.QueueSize);
    }

    /// <summary>Executes some commands; true if there were any.</summary>
    internal bool Poll(long now)
    {
        if (_queue is null) return false;
        _queue.LookAtDoorbell();
        if (!_queue.BeginTurn(now)) return false;
        int done = 0;
        for (; done < CommandsPerTurn && _queue.Ring.TryTake(_chain); done++) Obey(_queue.Ring);
        if (done == 0)
        {
            _queue.GrowTired(now);
            return false;
        }
        _queue.EndTurn();
        _queue.StayAwake(now);
        return true;
    }

    private void Obey(Ring ring)
    {
        // Doorbells rung before the command was placed must not be judged by what it changes.
        card.SeeDoorbells();
        bool isWhole = _chain.TryRead(_command, out int length) && length >= Heading && _chain.WritableLength >= 1;
        if (!isWhole) Report(VirtioRule.CommandFormat, _chain.ReadableLength);
        bool isDone = isWhole && TryObey(_command[0], _command[1], _command.AsSpan(Heading, length - Heading));
        ring.Use(_chain, (uint)_chain.Write(0, [isDone ? Ok : Error]));
    }

    private bool TryObey(byte kind, byte command, ReadOnlySpan<byte> data)
    {
        card.Trace?.Invoke($"command {kind}.{command} ({data.Length} bytes)");
        VirtioFeatures needed = (kind, command) switch
        {
            (Receive, 0 or 1) => VirtioFeatures.ControlReceive,
            (Receive, >= 2 and <= 5) => CardFeatures.ControlReceiveExtra,
            (Mac, 0) => VirtioFeatures.ControlReceive,
            (Mac, 1) => VirtioFeatures.ControlMacAddress,
            (Vlan, 0 or 1) => CardFeatures.ControlVlan,
            (MultiQueue, 0) => VirtioFeatures.MultiQueue,
            _ => 0,
        };
        if (needed == 0 || !card.Control.HasFeature(needed))
        {
            Report(VirtioRule.CommandNotNegotiated, (ulong)kind << 8 | command);
            return false;
        }
        bool isDone = kind switch
        {
            Receive => TrySetMode(command, data),
            Mac => command == 0 ? TrySetTables(data) : TrySetAddress(data),
            Vlan => data.Length == 2
            && card.Filter.TrySetVlan(BinaryPrimitives.ReadUInt16LittleEndian(data), command == 0),
            _ => TrySetPairs(data),
        };
        if (!isDone) Report(VirtioRule.CommandData, (ulong)kind << 8 | command);
        return isDone;
    }

    // 5.1.6.5.1: one byte, on or off.
    private bool TrySetMode(byte command, ReadOnlySpan<byte> data)
    {
        if (data.Length != 1 || data[0] > 1) return false;
        bool on = data[0] == 1;
        var filter = card.Filter;
        switch (command)
        {
            case 0: filter.IsPromiscuous = on; break;
            case 1: filter.AllMulticast = on; break;
            case 2: filter.AllUnicast = on; break;
            case 3: filter.NoMulticast = on; break;
            case 4: filter.NoUnicast = on; break;
            default: filter.NoBroadcast = on; break;
        }
        return true;
    }

    // 5.1.6.5.2: unicast addresses and multicast addresses, each preceded by their number.
    private bool TrySetTables(ReadOnlySpan<byte> data)
    {
        if (!TryTakeTable(ref data, out var unicast) || !TryTakeTable(ref data, out var multicast) || !data.IsEmpty)
            return false;
        card.Filter.SetTables(unicast, multicast);
        return true;
    }

    private static bool TryTakeTable(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> table)
    {
        table = default;
        if (data.Length < sizeof(uint)) return false;
        ulong length = BinaryPrimitives.ReadUInt32LittleEndian(data) * (ulong)AddressLength;
        data = data[sizeof(uint)..];
        if (length > (ulong)data.Length) return false;
        table = data[..(int)length];
        data = data[(int)length..];
        return true;
    }

    private bool TrySetAddress(ReadOnlySpan<byte> data)
    {
        if (data.Length != AddressLength) return false;
        card.Net.SetMac(data);
        return true;
    }

    // 5.1.6.5.6
    private bool TrySetPairs(ReadOnlySpan<byte> data)
    {
        if (data.Length != 2) return false;
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(data);
        if (pairs < 1 || pairs > card.Options.QueuePairs) return false;
        foreach (var queue in card.Queues.Take(2 * pairs).Where(queue => !queue.IsEnabled))
            Report(VirtioRule.PairNotConfigured, (ulong)queue.Index);
        card.SetPairs(pairs);
        return true;
    }

    private void Report(VirtioRule rule, ulong value) => card.Report(rule, "control queue", value);
}
