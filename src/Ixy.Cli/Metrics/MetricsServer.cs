using System.Net;
using System.Net.Sockets;
using System.Text;
using Ixy.Vfio;

namespace Ixy.Cli.Metrics;

/// <summary>Answers <c>GET /metrics</c> on this machine's loopback address, for Prometheus and for curl.</summary>
internal sealed class MetricsServer : IDisposable
{
    private const int Attempts = 10;
    private readonly HttpListener _listener;
    private readonly MetricsPage _page = new();
    private readonly Thread _thread;
    private volatile bool _isShown;

    private MetricsServer(HttpListener listener, int port)
    {
        (_listener, Port) = (listener, port);
        _thread = new Thread(Serve) { Name = "metrics", IsBackground = true };
        _thread.Start();
    }

    internal int Port { get; }

    /// <summary>Opens the port; 0 means any free port. Null if no port was requested.</summary>
    /// <exception cref="IOException">The port is in use, or not permitted.</exception>
    internal static MetricsServer? Start(int? port)
    {
        if (port is not { } wanted) return null;
        for (int attempt = 1; ; attempt++)
        {
            int number = wanted == 0 ? FreePort() : wanted;
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{number}/");
            listener.Prefixes.Add($"http://localhost:{number}/");
            try
            {
                listener.Start();
                return new(listener, number);
            }
            // Another process may take the free port in between.
            catch (HttpListenerException error) when (wanted != 0 || attempt == Attempts)
            {
                throw new IOException(
                    $"metrics cannot be served on port {number} of 127.0.0.1: {error.Message}: name another port, or 0 "
                    + "for any that is free", error);
            }
            catch (HttpListenerException)
            {
                ((IDisposable)listener).Dispose();
            }
            // A client that connects in this very moment meets a listener that is not yet whole (dotnet/corefx#35191).
            // Its socket belongs to nobody then, so only a finalizer closes it.
            catch (ArgumentNullException) when (attempt < Attempts)
            {
                ((IDisposable)listener).Dispose();
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }

    /// <summary>Where the metrics are.</summary>
    internal string Address => $"http://127.0.0.1:{Port}/metrics";

    /// <summary>Starts publishing measurements. Until then, only the cards used for warm-up exist.</summary>
    internal void Show() => _isShown = true;

    public void Dispose()
    {
        ((IDisposable)_listener).Dispose();
        _thread.Join();
        _page.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Serve()
    {
        // Not on the core of the first packet thread.
        ThreadPlacement.PinToLastCore();
        while (TryGetRequest() is { } context)
        {
            try
            {
                Answer(context);
            }
            catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException)
            {
                // The client is gone, and misses nothing.
                context.Response.Abort();
            }
        }
    }

    // Null once the listener is closed.
    private HttpListenerContext? TryGetRequest()
    {
        try
        {
            return _listener.GetContext();
        }
        catch (Exception error) when (error is HttpListenerException or InvalidOperationException)
        {
            return null;
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var (status, text) = request switch
        {
            { Url.AbsolutePath: not "/metrics" } => (HttpStatusCode.NotFound, "metrics are at /metrics\n"),
            { HttpMethod: not ("GET" or "HEAD") } => (HttpStatusCode.MethodNotAllowed, "only GET is understood\n"),
            _ => (HttpStatusCode.OK, _isShown ? _page.Read() : ""),
        };
        byte[] body = Encoding.UTF8.GetBytes(text);
        response.StatusCode = (int)status;
        if (status == HttpStatusCode.MethodNotAllowed) response.AddHeader("Allow", "GET, HEAD");
        response.ContentType = PrometheusText.ContentType;
        response.ContentLength64 = body.Length;
        if (request.HttpMethod != "HEAD") response.OutputStream.Write(body);
        response.Close();
    }
}
