using Ixy.Vfio;

namespace Ixy;

/// <summary>Waits for a device to do what it was told.</summary>
internal static class Waiting
{
    /// <summary>False if <paramref name="condition"/> is still not met after so long.</summary>
    internal static bool TryUntil(Func<bool> condition, int milliseconds)
    {
        long start = Environment.TickCount64;
        while (!condition())
        {
            if (Environment.TickCount64 - start > milliseconds) return false;
            ShortSleep.Microseconds(50);
        }
        return true;
    }
}
