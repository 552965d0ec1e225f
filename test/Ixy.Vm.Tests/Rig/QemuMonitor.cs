using System.Net.Sockets;
using System.Text.Json;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// QEMU's machine protocol (docs/interop/qmp-spec.txt of QEMU): one line of JSON in each direction, and events in
/// between.
/// </summary>
internal sealed class QemuMonitor : IDisposable
{
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;

    internal QemuMonitor(Socket socket)
    {
        socket.ReceiveTimeout = socket.SendTimeout = (int)TimeSpan.FromSeconds(30).TotalMilliseconds;
        var stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new(stream);
        _writer = new(stream) { AutoFlush = true };
        _reader.ReadLine(); // the greeting
        Execute("qmp_capabilities");
    }

    /// <summary>Plugs in a NIC's cable, or pulls it.</summary>
    internal void SetLink(int device, bool up) => Execute("set_link", new { name = $"n{device}", up });

    /// <summary>Runs a command. Returns its result.</summary>
    internal JsonElement Execute(string command, object? arguments = null)
    {
        _writer.WriteLine(JsonSerializer.Serialize(new { execute = command, arguments = arguments ?? new { } }));
        while (true)
        {
            string line = _reader.ReadLine() ?? throw new IOException("QEMU has closed its monitor");
            var answer = JsonDocument.Parse(line).RootElement;
            if (answer.TryGetProperty("error", out var error))
                throw new InvalidOperationException($"{command}: {error}");
            if (answer.TryGetProperty("return", out var result)) return result;
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }
}
