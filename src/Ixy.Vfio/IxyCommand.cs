namespace Ixy.Vfio;

/// <summary>
/// How messages and cures name the <c>ixy</c> command, as in "release it with 'sudo ixy bind 0000:03:00.0'".
/// </summary>
public static class IxyCommand
{
    private static volatile string s_name = "ixy";

    /// <summary>
    /// What a shell runs it by, also with <c>sudo</c> before it: <c>ixy</c>, unless the program says otherwise, as the
    /// command itself does when it was started as <c>./ixy</c>. For any thread.
    /// </summary>
    /// <exception cref="ArgumentException">Set to nothing.</exception>
    public static string Name
    {
        get => s_name;
        set
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value);
            s_name = value;
        }
    }
}
