using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// The far end of a guest's Ethernet cable: whole frames without FCS, in both directions. For one thread.
/// </summary>
internal abstract class EthernetPort : IDisposable
{
    /// <summary>Longer than any frame.</summary>
    internal const int LongestFrame = 16 << 10;

    /// <summary>The value of QEMU's -netdev option.</summary>
    internal abstract string Netdev(string id);

    /// <summary>The socket that carries the frames; non-blocking.</summary>
    protected abstract Socket Socket { get; }

    /// <summary>Sends a frame; false if there is no room for it now.</summary>
    internal bool TrySend(ReadOnlySpan<byte> frame)
    {
        int sent = Socket.Send(frame, SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable) return false;
        if (error != SocketError.Success) throw new SocketException((int)error);
        return sent == frame.Length;
    }

    /// <summary>Takes the next frame that the guest has sent. Returns its length, or 0 if there is none.</summary>
    internal int TryReceive(Span<byte> frame)
    {
        int length = Socket.Receive(frame, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock) return 0;
        if (error != SocketError.Success) throw new SocketException((int)error);
        return length;
    }

    /// <summary>Discards all frames received so far.</summary>
    internal void Drain()
    {
        Span<byte> frame = new byte[LongestFrame];
        while (TryReceive(frame) > 0)
        {
        }
    }

    /// <summary>Waits until a frame arrives, or for this long.</summary>
    internal void WaitForFrame(TimeSpan limit) => Socket.Poll(limit, SelectMode.SelectRead);

    public abstract void Dispose();
}
