using Ixy.Hosting;
using Ixy.Vfio;

namespace Ixy.Simulation.Specifiers;

/// <summary>
/// A file of register accesses, one per line: seconds since the card was created, read or write, name and value.
/// </summary>
internal sealed class AccessTrace : IDisposable
{
    private readonly StreamWriter _file;
    private readonly TurnScheduler _scheduler;
    private readonly long _start;

    /// <exception cref="DeviceSpecifierException">The file cannot be created.</exception>
    internal AccessTrace(string path, TurnScheduler scheduler)
    {
        (_scheduler, _start) = (scheduler, scheduler.Now);
        try
        {
            _file = new StreamWriter(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DeviceSpecifierException($"trace={path} cannot be written: {error.Message}", error);
        }
    }

    internal void Write(string access) => _file.WriteLine($"{(_scheduler.Now - _start) / 1e9:F9} {access}");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
