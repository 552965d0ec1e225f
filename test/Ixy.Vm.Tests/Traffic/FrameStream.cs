using System.Buffers.Binary;
using Ixy.Simulation.Wires;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>The numbered frames of one direction: makes them, and judges what arrives at the other end.</summary>
internal sealed class FrameStream
{
    // Addresses of numbered frames; the last two bytes are the stream's ID.
    private const ulong MacAddresses = 0x06_69_78_79_00_00;
    private const int MostFaultsDescribed = 5;

    private readonly TrafficPlan _plan;
    private readonly ushort _id;
    private readonly MacAddress _destination;
    private readonly SequenceTracker[] _flows;
    private readonly List<string> _faults = [];
    private int _arrived, _reordered, _duplicated, _corrupted, _foreign;

    /// <param name="plan">The frames to send.</param>
    /// <param name="id">Identifies the stream; part of the source address.</param>
    /// <param name="destination">The ID of the stream in the other direction.</param>
    internal FrameStream(TrafficPlan plan, ushort id, ushort destination)
    {
        (_plan, _id, _destination) = (plan, id, new(MacAddresses | destination));
        _flows = [.. Enumerable.Range(0, plan.Flows).Select(_ => new SequenceTracker())];
    }

    internal int Sent { get; private set; }

    /// <summary>Whether every frame of the plan has been sent.</summary>
    internal bool AllSent => Sent == _plan.Frames;

    /// <summary>Whether everything sent has arrived.</summary>
    internal bool AllArrived => _arrived == Sent;

    /// <summary>Whether another frame may be sent.</summary>
    internal bool HasRoom => !AllSent && Sent - _arrived < _plan.Window;

    internal Verdict Verdict => new(Sent, Sent - _arrived, _reordered, _duplicated, _corrupted, _foreign);

    /// <summary>Descriptions of the first faulty frames.</summary>
    internal string Faults => string.Join('\n', _faults);

    /// <summary>The next frame to send; <see cref="CountSent"/> records that it was sent.</summary>
    internal byte[] NextFrame() => Make((ulong)Sent);

    /// <summary>Any frame of the plan.</summary>
    internal byte[] Frame(int number) => Make((ulong)number);

    internal void CountSent() => Sent++;

    /// <summary>Judges a frame that has arrived.</summary>
    internal void Judge(ReadOnlySpan<byte> frame)
    {
        if (IsUnchanged(frame, out ulong number)) Count(number);
        else if (NumberedFrame.TryGuessId(frame, out ushort id) && id == _id)
        {
            _corrupted++;
            Describe(frame);
        }
        else
        {
            _foreign++;
            Note($"not of this stream: {Convert.ToHexString(frame[..Math.Min(frame.Length, 64)])}");
        }
    }

    private byte[] Make(ulong number)
    {
        var frame = Template(_plan.Length(number));
        byte[] bytes = frame.NewBuffer();
        frame.Write(bytes, number);
        return bytes;
    }

    private NumberedFrame Template(int length) => new(_id, length, _plan.Flows, _destination);

    private bool IsUnchanged(ReadOnlySpan<byte> frame, out ulong number)
    {
        number = 0;
        if (frame.Length < NumberedFrame.Shortest || !Template(frame.Length).Matches(frame, out number)) return false;
        // Including the addresses, which a forwarder must not change here.
        return number < (ulong)Sent && frame.SequenceEqual(Make(number));
    }

    private void Count(ulong number)
    {
        ulong flows = (ulong)_plan.Flows;
        switch (_flows[number % flows].Add(number / flows))
        {
            case Arrival.InOrder:
                _arrived++;
                break;
            case Arrival.Reordered:
                _arrived++;
                _reordered++;
                Note($"frame {number} came after a later one");
                break;
            default:
                _duplicated++;
                Note($"frame {number} came again");
                break;
        }
    }

    private void Describe(ReadOnlySpan<byte> frame)
    {
        const int numberAt = 44;
        if (frame.Length < NumberedFrame.Shortest
            || BinaryPrimitives.ReadUInt64LittleEndian(frame[numberAt..]) is var number && number >= (ulong)Sent)
        {
            Note($"{frame.Length} bytes with a number that was never sent: "
                + $"{Convert.ToHexString(frame[..Math.Min(frame.Length, 64)])}");
            return;
        }
        byte[] expected = Make(BinaryPrimitives.ReadUInt64LittleEndian(frame[numberAt..]));
        int same = frame.CommonPrefixLength(expected);
        Note($"frame {number}: {frame.Length} bytes instead of {expected.Length}, equal up to byte {same}");
    }

    private void Note(string fault)
    {
        if (_faults.Count < MostFaultsDescribed) _faults.Add(fault);
    }
}
