using System.Runtime.CompilerServices;

namespace Ixy.Ixgbe;

/// <summary>
/// A context descriptor (datasheet 7.2.3.2.3): what the card has to know about the headers of frames to do something to
/// them. It has the layout of <see cref="IxgbeTransmitDescriptor"/>.
/// </summary>
/// <param name="Lengths">IP header (0), MAC header (9), VLAN tag (16).</param>
/// <param name="Types">IPv4 (10), TCP or UDP (11), type (20), command (24); with the index (36) of the context, once it
/// has one.</param>
internal readonly record struct IxgbeTransmitContext(ulong Lengths, ulong Types)
{
    /// <summary>What the data descriptors of a frame ask for, and the context that says more.</summary>
    internal const ulong InsertVlan = 1ul << 30, IpChecksum = 1ul << 40, L4Checksum = 1ul << 41;
    internal const int IndexShift = 36;

    private const int MacShift = 9, VlanShift = 16;
    private const ulong IPv4 = 1ul << 10, Tcp = 1ul << 11, Context = 2ul << 20;

    /// <summary>What a packet's context has to say.</summary>
    internal static IxgbeTransmitContext For(in TransmitRequest request, ushort vlanTag)
    {
        var headers = request.Headers;
        // For a tag alone nothing is parsed.
        int mac = headers.MacLength == 0 ? FrameLengths.Shortest : headers.MacLength;
        ulong types = Context | IxgbeTransmitDescriptor.Advanced;
        if (headers.IsIPv4) types |= IPv4;
        if (headers.Protocol == FrameHeaders.Tcp) types |= Tcp;
        ulong tag = request.InsertVlan ? (ulong)vlanTag << VlanShift : 0;
        return new((uint)headers.IpLength | (ulong)(uint)mac << MacShift | tag, types);
    }
}

// Packets that ask for something, or are of unusual length. Descriptors of those that ask refer to one of the two
// contexts that a queue has on the card (7.2.2); where neither says what is needed, a context descriptor in front of
// the packet's own changes the older one. A context has a place in the ring like a packet, but no buffer, and reports
// nothing.
internal unsafe partial class IxgbeTransmitQueue<TAddresses>
{
    // What a context descriptor has room for (7.2.3.2.3).
    private const int LongestIpHeader = 511;

    private Contexts _contexts;
    // Context descriptors given to the card, and those of them that are not cleaned up yet.
    private ulong _contextsWritten, _contextsPending;

    /// <inheritdoc/>
    public override TransmitRefusal Examine(in Packet packet) => new TransmitRequest(packet, Limits).Refusal;

    private TransmitLimits Limits => new(_options.Offloads, _options.MaxFrameSize, LongestIpHeader);

    // Writes the descriptors of a batch again, now with all that is asked for, up to a packet that cannot be sent. As
    // in the hot loop, nothing is committed before all is in order.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int TransmitOneByOne(ReadOnlySpan<Packet> batch)
    {
        ulong next = _next, end = _clean + _ring.Mask;
        var (contexts, limits) = (_contexts, Limits);
        int count = 0;
        for (; count < batch.Length; count++)
        {
            ref readonly var packet = ref batch[count];
            var request = new TransmitRequest(packet, limits);
            if (request.Refusal.IsRefused) break;
            ulong command = Describe(packet, request, out var context);
            bool isNew = context != default && !contexts.TryFind(context, ref command);
            if (end - next < (isNew ? 2u : 1u)) break;
            request.Begin(packet.Frame);
            FillUp(packet);
            if (isNew) WriteContext(next++, contexts.Replace(context, ref command));
            WriteData(next, packet.Buffer, command, reportsGroup: isNew && IsGroupEnd(next - 1));
            next++;
        }
        if (count == 0) return 0;
        PacketPoolChecks.Give(batch[..count]);
        ulong written = next - _next - (ulong)count;
        _contexts = contexts;
        _contextsWritten += written;
        _contextsPending += written;
        Commit(next);
        MoveReport();
        return count;
    }

    // Some are of checked pools.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int CommitWatched(ReadOnlySpan<Packet> batch, ulong next)
    {
        PacketPoolChecks.Give(batch[..(int)(next - _next)]);
        return Commit(next);
    }

    // The packet's command but for the index of its context; no context if there is nothing left for the card to do.
    private static ulong Describe(in Packet packet, in TransmitRequest request, out IxgbeTransmitContext context)
    {
        ulong length = (ulong)Math.Max(packet.Length, ShortestToSend);
        ulong command = IxgbeTransmitDescriptor.WholeFrame(length);
        if (request.InsertVlan) command |= IxgbeTransmitContext.InsertVlan;
        if (request.IpChecksum) command |= IxgbeTransmitContext.IpChecksum;
        if (request.L4Checksum) command |= IxgbeTransmitContext.L4Checksum;
        bool isLeft = request.InsertVlan || request.IpChecksum || request.L4Checksum;
        context = isLeft ? IxgbeTransmitContext.For(request, Packet.VlanTagOf(packet.Buffer)) : default;
        return command;
    }

    // The rest of the buffer is the packet's, too, and every buffer is longer. What was in it must not leave.
    private static void FillUp(in Packet packet)
    {
        int length = packet.Length;
        if (length >= ShortestToSend) return;
        var start = (byte*)(packet.Buffer & Packet.AddressMask);
        new Span<byte>(start + length, (int)ShortestToSend - length).Clear();
    }

    private void WriteContext(ulong position, IxgbeTransmitContext context)
    {
        ulong index = position & _ring.Mask;
        _ring.Buffers[index] = 0;
        (_ring.Descriptors[index].Address, _ring.Descriptors[index].Command) = (context.Lengths, context.Types);
    }

    private void WriteData(ulong position, ulong buffer, ulong command, bool reportsGroup)
    {
        ulong index = position & _ring.Mask;
        if (reportsGroup || IsGroupEnd(position)) command |= IxgbeTransmitDescriptor.ReportStatus;
        _ring.Buffers[index] = buffer;
        _ring.Descriptors[index].Address = TAddresses.Of(buffer);
        _ring.Descriptors[index].Command = command;
    }

    // Returns the buffers of groups that may have contexts between its packets.
    private void FreeBetweenContexts(ReadOnlySpan<ulong> sent)
    {
        for (int context = sent.IndexOf(0ul); context >= 0; context = sent.IndexOf(0ul))
        {
            PacketPool.Free(sent[..context]);
            sent = sent[(context + 1)..];
            _contextsPending--;
        }
        PacketPool.Free(sent);
        MoveReport();
    }

    // Where a context stands at the end of a group, the packet behind it reports.
    private void MoveReport()
    {
        if (_report < _next && IsContext(_report)) _report++;
    }

    private bool IsGroupEnd(ulong position) => (position & _group) == _group;

    private bool IsContext(ulong position) => _ring.Buffers[position & _ring.Mask] == 0;

    /// <summary>What the card's two contexts say.</summary>
    private struct Contexts
    {
        private IxgbeTransmitContext _first, _second;
        private bool _secondIsOlder;

        /// <summary>Makes a command refer to the context that says this, if there is one.</summary>
        internal readonly bool TryFind(IxgbeTransmitContext context, ref ulong command)
        {
            if (context == _second) command |= 1ul << IxgbeTransmitContext.IndexShift;
            return context == _first || context == _second;
        }

        /// <summary>
        /// Makes the older context say this, and a command refer to it; the context as the card has to be told of it.
        /// </summary>
        internal IxgbeTransmitContext Replace(IxgbeTransmitContext context, ref ulong command)
        {
            ulong index = _secondIsOlder ? 1ul << IxgbeTransmitContext.IndexShift : 0;
            if (_secondIsOlder) _second = context;
            else _first = context;
            _secondIsOlder = !_secondIsOlder;
            command |= index;
            return context with { Types = context.Types | index };
        }
    }
}
