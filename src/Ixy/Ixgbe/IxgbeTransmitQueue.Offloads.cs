using System.Runtime.CompilerServices;
using Ixy.Checks;

namespace Ixy.Ixgbe;

/// <summary>
/// A context descriptor (datasheet 7.2.3.2.3): what the card must know about the headers of a frame to apply an
/// offload. It has the layout of <see cref="IxgbeTransmitDescriptor"/>.
/// </summary>
/// <param name="Lengths">IP header (0), MAC header (9), VLAN tag (16).</param>
/// <param name="Types">IPv4 (10), TCP or UDP (11), type (20), command (24); with the index (36) of the context, once it
/// has one.</param>
internal readonly record struct IxgbeTransmitContext(ulong Lengths, ulong Types)
{
    /// <summary>What a frame's data descriptors request, and the context that goes with it.</summary>
    internal const ulong InsertVlan = 1ul << 30, IpChecksum = 1ul << 40, L4Checksum = 1ul << 41;
    internal const int IndexShift = 36;

    private const int MacShift = 9, VlanShift = 16;
    private const ulong IPv4 = 1ul << 10, Tcp = 1ul << 11, Context = 2ul << 20;

    /// <summary>What a packet's context must contain.</summary>
    internal static IxgbeTransmitContext For(in TransmitRequest request, ushort vlanTag)
    {
        var headers = request.Headers;
        // For a tag alone no headers are parsed.
        int mac = headers.MacLength == 0 ? FrameLengths.Shortest : headers.MacLength;
        ulong types = Context | IxgbeTransmitDescriptor.Advanced;
        if (headers.IsIPv4) types |= IPv4;
        if (headers.Protocol == FrameHeaders.Tcp) types |= Tcp;
        ulong tag = request.InsertVlan ? (ulong)vlanTag << VlanShift : 0;
        return new((uint)headers.IpLength | (ulong)(uint)mac << MacShift | tag, types);
    }
}

// Packets that request an offload, or are of unusual length. Descriptors that request one refer to one of the two
// contexts that a queue has on the card (7.2.2). If neither context matches, a context descriptor in front of the
// packet's own replaces the older one. A context takes a place in the ring like a packet, but has no buffer and reports
// nothing.
internal unsafe partial class IxgbeTransmitQueue<TAddresses>
{
    // What fits into a context descriptor (7.2.3.2.3).
    private const int LongestIpHeader = 511;

    private Contexts _contexts;
    // Context descriptors given to the card.
    private ulong _contextsWritten;

    /// <inheritdoc/>
    public override long Packets => (long)(_next - _contextsWritten);

    /// <inheritdoc/>
    public override int Pending => (int)(_next - _clean - _contextsPending);

    /// <inheritdoc/>
    public override TransmitRefusal Examine(in Packet packet) => new TransmitRequest(packet, Limits).Refusal;

    private TransmitLimits Limits => new(_options.Offloads, _options.MaxFrameSize, LongestIpHeader);

    // Writes the descriptors of a batch again, this time with offloads, up to a packet that cannot be sent. As in the
    // hot loop, nothing is committed until everything is valid.
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

    // Some belong to checked pools.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int CommitWatched(ReadOnlySpan<Packet> batch, ulong next)
    {
        PacketPoolChecks.Give(batch[..(int)(next - _next)]);
        return Commit(next);
    }

    // The packet's command, without the index of its context; no context if nothing is left for the card to do.
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

    // The rest of a short packet is sent as padding; every buffer is long enough. Its old contents must not leak out.
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

    // Reclaims the buffers of groups that may contain contexts between packets.
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

    // If a group would end with a context, the packet after it reports instead.
    private void MoveReport()
    {
        if (_report < _next && IsContext(_report)) _report++;
    }

    private bool IsGroupEnd(ulong position) => (position & _group) == _group;

    private bool IsContext(ulong position) => _ring.Buffers[position & _ring.Mask] == 0;

    /// <summary>The current contents of the card's two contexts.</summary>
    private struct Contexts
    {
        private IxgbeTransmitContext _first, _second;
        private bool _secondIsOlder;

        /// <summary>Makes a command refer to a matching context, if there is one.</summary>
        internal readonly bool TryFind(IxgbeTransmitContext context, ref ulong command)
        {
            if (context == _second) command |= 1ul << IxgbeTransmitContext.IndexShift;
            return context == _first || context == _second;
        }

        /// <summary>
        /// Replaces the older context and makes a command refer to it; returns the context descriptor for the card.
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
