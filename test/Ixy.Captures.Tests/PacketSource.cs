namespace Ixy.Captures.Tests;

/// <summary>Packets with a given content, as a driver hands them out.</summary>
internal sealed class PacketSource : IDisposable
{
    private readonly PacketPool _pool = new(new() { Count = 256, BufferSize = 16_384, Checked = true });
    private readonly List<Packet> _lent = [];

    /// <summary>A batch of frames; valid until the next call.</summary>
    internal ReadOnlySpan<Packet> Batch(params IReadOnlyList<byte[]> frames)
    {
        GiveBack();
        foreach (byte[] frame in frames)
        {
            Assert.True(_pool.TryAllocate(out var packet));
            packet.Length = frame.Length;
            frame.CopyTo(packet.Data);
            _lent.Add(packet);
        }
        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_lent);
    }

    public void Dispose()
    {
        GiveBack();
        _pool.Dispose();
    }

    private void GiveBack()
    {
        PacketPool.Free(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_lent));
        _lent.Clear();
    }
}
