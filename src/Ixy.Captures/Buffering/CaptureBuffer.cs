using Ixy.Captures.Formats;

namespace Ixy.Captures.Buffering;

/// <summary>Whole packet blocks on their way to a file, and how many there are from each interface.</summary>
internal sealed class CaptureBuffer(int size, int interfaces)
{
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(size);

    /// <summary>Frames in it, per interface.</summary>
    internal int[] Frames { get; } = new int[interfaces];

    internal int Length { get; private set; }

    /// <summary>When its first frame was captured.</summary>
    internal long Since { get; private set; }

    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    internal bool TryAdd(int interfaceId, long time, ReadOnlySpan<byte> frame, int captured)
    {
        int length = PcapngBlocks.PacketLength(captured);
        if (length > _bytes.Length - Length) return false;
        if (Length == 0) Since = time;
        PcapngBlocks.WritePacket(_bytes.AsSpan(Length, length), interfaceId, time, frame, captured);
        Length += length;
        Frames[interfaceId]++;
        return true;
    }

    internal void Clear()
    {
        Length = 0;
        Frames.AsSpan().Clear();
    }
}
