using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// The host's end of the guest's second serial port, on which <c>eng/guest-root/agent</c> runs commands, one after
/// another; that file defines the protocol. Thread-safe.
/// </summary>
internal sealed class GuestAgent : IDisposable
{
    // In addition to the command's own limit: the way there and back on a busy machine.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private readonly Lock _lock = new();
    private readonly byte[] _received = new byte[64 << 10];
    private int _start, _end;

    /// <param name="socket">A socket connected to the port.</param>
    internal GuestAgent(Socket socket) => _socket = socket;

    /// <summary>Waits until the guest is up; false if it is not up yet.</summary>
    /// <exception cref="TimeoutException">QEMU has ended.</exception>
    internal bool WaitUntilReady(TimeSpan limit)
    {
        if (_start == _end && !_socket.Poll(limit, SelectMode.SelectRead)) return false;
        Assert.Equal("ready", ReadLine(s_slack));
        return true;
    }

    /// <summary>
    /// Runs a shell script; after the time limit it is killed and ends with <see cref="CommandResult.Killed"/>.
    /// </summary>
    /// <exception cref="TimeoutException">The guest does not answer.</exception>
    internal CommandResult Run(string script, TimeSpan limit)
    {
        lock (_lock)
        {
            string request =
                $"{Math.Ceiling(limit.TotalSeconds)} {Convert.ToBase64String(Encoding.UTF8.GetBytes(script))}\n";
            _socket.Send(Encoding.ASCII.GetBytes(request));
            string[] answer = ReadLine(limit + s_slack).Split(' ');
            Assert.True(answer.Length == 3, $"an answer has three parts: {string.Join(' ', answer)}");
            return new(int.Parse(answer[0]), Decode(answer[1]), Decode(answer[2]));
        }
    }

    public void Dispose() => _socket.Dispose();

    private static string Decode(string part) => Encoding.UTF8.GetString(Convert.FromBase64String(part));

    private string ReadLine(TimeSpan limit)
    {
        var line = new StringBuilder();
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int newLine = Array.IndexOf(_received, (byte)'\n', _start, _end - _start);
            int end = newLine < 0 ? _end : newLine;
            line.Append(Encoding.ASCII.GetString(_received, _start, end - _start));
            _start = newLine < 0 ? _end : newLine + 1;
            if (newLine >= 0) return line.ToString();
            Receive(limit - Stopwatch.GetElapsedTime(start));
        }
    }

    private void Receive(TimeSpan limit)
    {
        if (limit <= TimeSpan.Zero || !_socket.Poll(limit, SelectMode.SelectRead))
            throw new TimeoutException("no answer");
        _start = 0;
        _end = _socket.Receive(_received);
        if (_end == 0) throw new TimeoutException("the connection is closed: QEMU has ended");
    }
}
