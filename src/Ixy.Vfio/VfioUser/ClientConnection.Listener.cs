using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

// The thread that waits at the socket while no call is in progress.
internal sealed unsafe partial class ClientConnection
{
    private void Listen()
    {
        while (true)
        {
            // The end of the connection counts as input as well.
            Poll(Timeout.Infinite);
            lock (_gate)
            {
                if (IsGone) return;
                // Usually it was a reply, and the caller has read it in the meantime.
                if (Poll(0)) ServeNext();
            }
        }
    }

    private void ServeNext()
    {
        try
        {
            Receive(Environment.TickCount64 + (long)_timeout.TotalMilliseconds);
            if (IsOwed()) return;
            if (_message.Header.IsReply) throw Unasked();
            Serve();
        }
        catch (PciDeviceException error)
        {
            End(Explain(error, null));
        }
        finally
        {
            _message.Descriptors.Dispose();
        }
    }

    private bool Poll(int milliseconds)
    {
        var wait = new Libc.PollEntry { fd = _socket.Descriptor, events = Libc.POLLIN };
        return Libc.poll(&wait, 1, milliseconds) > 0;
    }
}
